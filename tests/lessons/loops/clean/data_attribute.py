import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
a = torch.tensor([0.5], requires_grad=True)
for i in range(100):
    loss = ((a * x - y) ** 2).mean()
    loss.backward()
    a.data -= 0.001 * a.grad.data
    a.grad.data.zero_()
