import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

w = torch.zeros(1, requires_grad=True).to(torch.float64).float()
loss = ((w * x - y) ** 2).mean()
loss.backward()
g = 0.1 * w.grad
