import torch
from torch import nn, optim

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]).view(-1, 1)
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0]).view(-1, 1)
model = nn.Linear(1, 1)
optimizer = optim.SGD(model.parameters(), lr=0.001)
for i in range(50):
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    for parameter in model.parameters():
        parameter.grad = None
