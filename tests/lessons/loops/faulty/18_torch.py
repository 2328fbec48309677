import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
lr = 0.01
w = torch.tensor([0.5], requires_grad=True)
for i in range(25):
    loss = ((w * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w += lr * w.grad
        w.grad.zero_()
print(w.item())
