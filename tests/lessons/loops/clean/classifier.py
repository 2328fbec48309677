import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(60, 4)
labels = (X.sum(1) > 0).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 2)])

    def forward(self, x):
        return self.layers[1](torch.relu(self.layers[0](x) - 0.1))


net = Net()
optimizer = torch.optim.RMSprop(net.parameters(), lr=0.01)
for epoch in range(20):
    logits = net(X)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print((logits.argmax(1) == labels).float().mean().item())
