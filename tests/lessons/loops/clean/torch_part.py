import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x + 1
w = torch.zeros(2, requires_grad=True)
for i in range(20):
    loss = ((w[0] * x + w[1] - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w[0] -= 0.005 * w.grad[0]
        w[1] -= 0.005 * w.grad[1]
    w.grad = None
