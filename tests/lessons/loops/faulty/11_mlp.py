import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

import numpy as np
net = nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1))
out = net(torch.from_numpy(np.arange(5.0)).view(-1, 1))
