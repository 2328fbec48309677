import torch
from torch import nn

torch.manual_seed(0)
model, X, y = nn.Linear(4, 1), torch.randn(10, 4), torch.randn(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for i in range(10):
    attacked = X.clone().requires_grad_()
    nn.functional.mse_loss(model(attacked), y).backward()
    attacked = (attacked + 0.01 * attacked.grad.sign()).detach()
    optimizer.zero_grad()
    nn.functional.mse_loss(model(attacked), y).backward()
    optimizer.step()
