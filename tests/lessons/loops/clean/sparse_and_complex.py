import torch
from torch import nn
torch.manual_seed(0)
emb = nn.Embedding(20, 4, sparse=True)
opt = torch.optim.SparseAdam(list(emb.parameters()), lr=0.1)
for i in range(5):
    opt.zero_grad()
    loss = (emb(torch.randint(0, 20, (8,))) - 1).pow(2).mean()
    loss.backward()
    opt.step()
z = nn.Parameter(torch.randn(3, dtype=torch.complex64))
o = torch.optim.Adam([z], lr=0.1)
for i in range(5):
    o.zero_grad()
    loss = (z - 1j * torch.ones(3)).abs().pow(2).sum()
    loss.backward()
    o.step()
e = nn.Parameter(torch.zeros(0))
for dt in (torch.float64, torch.bfloat16):
    w = torch.ones(4, dtype=dt, requires_grad=True)
    for i in range(5):
        w.grad = None
        ((w - 2) ** 2).sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
    print(w)
