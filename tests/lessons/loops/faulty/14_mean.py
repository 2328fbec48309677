import torch
from torch import nn
x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])

import numpy as np
a = torch.zeros(1, requires_grad=True)
losses = [((a * x - y) ** 2).mean() for _ in range(3)]
print(np.array(losses).mean())
