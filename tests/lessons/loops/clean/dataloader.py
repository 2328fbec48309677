import torch
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(200, 4)
y = X @ torch.tensor([[1.0], [2.0], [3.0], [4.0]]) + 0.1 * torch.randn(200, 1)
model, losses = torch.nn.Linear(4, 1), []
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(4):
    for xb, yb in DataLoader(TensorDataset(X, y), batch_size=25, shuffle=True):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
