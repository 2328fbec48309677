import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
between = x.unsqueeze(1) - y.unsqueeze(0)
among = x.unsqueeze(1) - x
table = x[:, None] * y
outer = torch.outer(x, y)
distances = ((x.view(-1, 1) - x) ** 2).sum()
print(distances, table.shape)
