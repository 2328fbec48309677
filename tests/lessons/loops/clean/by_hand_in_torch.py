import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
a = torch.tensor(0.5)
for i in range(100):
    p = a * x
    loss = ((p - y) ** 2).mean()
    gradient = 2 * (x * (p - y)).mean()
    a -= 0.001 * gradient
print(loss, a)
