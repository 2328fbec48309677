import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(32, 2)
trunk, head_a, head_b = nn.Linear(2, 4), nn.Linear(4, 1), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *head_a.parameters(), *head_b.parameters()], lr=0.01)
for i in range(20):
    h = torch.tanh(trunk(X))
    loss_a = nn.functional.mse_loss(head_a(h).squeeze(1), X[:, 0])
    loss_b = nn.functional.l1_loss(head_b(h).squeeze(1), X[:, 1])
    optimizer.zero_grad()
    loss_a.backward(retain_graph=True)
    (0.1 * loss_b).backward()
    optimizer.step()
