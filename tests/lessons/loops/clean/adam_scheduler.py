import torch
from torch import nn, optim

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]).view(-1, 1)
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0]).view(-1, 1)
model = nn.Linear(1, 1)
optimizer = optim.Adam(model.parameters(), lr=0.1)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
for i in range(100):
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(x), y)
    loss.backward()
    optimizer.step()
    scheduler.step()
