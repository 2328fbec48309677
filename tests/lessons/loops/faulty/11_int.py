import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
model = torch.nn.Linear(1, 1, bias=False)
torch.nn.init.constant_(model.weight, 0.5)
X = torch.tensor([[1], [3], [10], [13], [7]])
loss = torch.nn.functional.mse_loss(model(X), y.view(-1, 1))
