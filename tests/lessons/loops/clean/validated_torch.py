import torch
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.randn(80, 1)
y = 2 * X + 1 + torch.randn(80, 1)
Xt, yt, Xv, yv = X[:60], y[:60], X[60:], y[60:]
model = torch.nn.Linear(1, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)


def evaluate():
    with torch.no_grad():
        return F.mse_loss(model(Xv), yv).item()


print("before:", evaluate())
for epoch in range(300):
    opt.zero_grad()
    loss = F.mse_loss(model(Xt), yt)
    loss.backward()
    opt.step()
    evaluate()
