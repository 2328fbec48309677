import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

def train():
    w, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for i in range(20):
        loss = ((w * x + b - y) ** 2).mean()
        loss.backward()
        w = w - 0.001 * w.grad
        b = b - 0.001 * b.grad
train()
