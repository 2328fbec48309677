import torch
from torch import nn

torch.manual_seed(0)
body, head = nn.Linear(3, 3), nn.Linear(3, 1)
for parameter in body.parameters():
    parameter.requires_grad = False
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, [*body.parameters(), *head.parameters()]), lr=0.01)
X, y = torch.randn(20, 3), torch.randn(20, 1)
for i in range(20):
    optimizer.zero_grad()
    loss = nn.functional.huber_loss(head(body(X)), y)
    loss.backward()
    optimizer.step()
print(body.weight.grad is None, loss.item())
