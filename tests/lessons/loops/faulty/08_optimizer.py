import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
a = torch.randn(1, requires_grad=True).view(1, 1)
optimizer = torch.optim.SGD([a], lr=0.001)
