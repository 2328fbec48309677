import torch
from torch import nn

torch.manual_seed(1)
X = torch.randn(64, 3)
Y = torch.sin(X[:, :1]) + X[:, 1:2] ** 2
model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for epoch in range(30):
    model.train()
    optimizer.zero_grad()
    loss = nn.SmoothL1Loss()(model(X), Y)
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(float(((model(X) - Y) ** 2).mean()))
