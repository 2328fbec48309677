import torch
from torch import nn, optim

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]).view(-1, 1)
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0]).view(-1, 1)
model = nn.Linear(1, 1, bias=False)
nn.init.uniform_(model.weight, 0, 1)
criterion, optimizer = nn.MSELoss(reduction="mean"), optim.SGD(model.parameters(), lr=0.001)
for i in range(100):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
print(f"Optimal parameter 'a': {model.weight.item():.4f}")
