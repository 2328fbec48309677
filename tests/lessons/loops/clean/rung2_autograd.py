import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
a = torch.randn(1, requires_grad=True)
for i in range(100):
    p = a * x
    loss = torch.mean((p - y) ** 2)
    loss.backward()
    with torch.no_grad():
        a -= 0.001 * a.grad
    a.grad.zero_()
    if (i + 1) % 10 == 0:
        print(f"Iteration {i+1}: Loss = {loss.item():.4f}, 'a' = {a.item():.4f}")
print(f"Optimal parameter 'a': {a.item():.4f}")
