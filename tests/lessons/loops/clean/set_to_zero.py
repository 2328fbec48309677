import torch
from torch import nn, optim

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]).view(-1, 1)
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0]).view(-1, 1)
model = nn.Linear(1, 1)
optimizer = optim.SGD(model.parameters(), lr=0.001, momentum=0.5, weight_decay=1e-3)
for i in range(50):
    model.zero_grad(set_to_none=False)
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimizer.step()
