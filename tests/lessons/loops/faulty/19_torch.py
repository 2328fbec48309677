import torch

x = torch.tensor([1.3, 1.65, float("nan"), 1.5]).view(-1, 1)
y = torch.tensor([18.0, 15.0, 18.0, 16.0]).view(-1, 1)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for i in range(20):
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
