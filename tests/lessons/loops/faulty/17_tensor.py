import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

a = torch.zeros(1, requires_grad=True)
opt = torch.optim.SGD([a], lr=0.001)
a = torch.ones(1, requires_grad=True)
for i in range(3):
    opt.zero_grad()
    ((a * x - y) ** 2).mean().backward()
    opt.step()
