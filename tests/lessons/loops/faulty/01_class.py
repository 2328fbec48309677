import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

class Trainer:
    def __init__(self):
        self.net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
        self.opt = torch.optim.SGD(self.net.parameters(), lr=0.001)
    def step(self, X, Y):
        loss = nn.functional.mse_loss(self.net(X), Y)
        loss.backward()
        self.opt.step()
        return loss.item()
t = Trainer()
for i in range(5): t.step(x.view(-1, 1), y.view(-1, 1))
