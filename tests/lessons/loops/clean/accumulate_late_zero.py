import torch
from torch import nn, optim

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]).view(-1, 1)
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0]).view(-1, 1)
model = nn.Linear(1, 1)
optimizer = optim.SGD(model.parameters(), lr=0.0005)
for i in range(80):
    row = slice(i % 5, i % 5 + 1)
    loss = nn.functional.mse_loss(model(x[row]), y[row]) / 4
    loss.backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
