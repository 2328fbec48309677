import torch
from torch import nn

torch.manual_seed(0)
heads = [nn.Linear(3, 1), nn.Linear(3, 1)]
optimizers = [torch.optim.SGD(head.parameters(), lr=0.05) for head in heads]
X = torch.randn(40, 3)
targets = [X @ torch.tensor([1.0, 2, 3]), X @ torch.tensor([3.0, 2, 1])]
for i in range(200):
    k = i % 2
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss = ((heads[k](X).squeeze(1) - targets[k]) ** 2).mean()
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
