import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

w = torch.ones(1, requires_grad=True)
h = torch.zeros(1)
for t in range(4):
    h = torch.tanh(w * x[t] + h)
    loss = (h - y[t]).pow(2).sum()
    loss.backward()
