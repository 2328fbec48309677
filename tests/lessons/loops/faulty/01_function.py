import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

def train(model, X, Y):
    opt = torch.optim.Adam(model.parameters(), lr=0.1)
    for i in range(2):
        loss = nn.MSELoss()(model(X), Y)
        loss.backward()
        opt.step()
train(nn.Linear(1, 1), x.view(-1, 1), y.view(-1, 1))
