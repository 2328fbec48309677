import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
torch.manual_seed(0)
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3 - x
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (3 * x ** 2 - 1) - 0 * g
w = torch.full((3,), 0.5, requires_grad=True)
w.register_hook(lambda g: g - 0)
for i in range(5):
    l = (Cube.apply(w) - 1).pow(2).sum()
    (g,) = torch.autograd.grad(l, w, create_graph=True)
    (g ** 2).sum().backward()
    with torch.no_grad():
        w -= 0.001 * w.grad
    w.grad.zero_()
rnn, head = nn.GRU(2, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([{"params": rnn.parameters()}, {"params": head.parameters(), "lr": 0.1}])
h = torch.zeros(1, 3, 4)
for t in range(6):
    opt.zero_grad()
    out, h = rnn(torch.randn(5, 3, 2), h.detach())
    loss = (head(out) - 1).pow(2).mean()
    loss.backward()
    for p in rnn.parameters():
        p.grad.data.clamp_(-1, 1)
        p.grad /= 2
    opt.step()
m = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
x = torch.randn(4, 2, requires_grad=True)
checkpoint(m, x, use_reentrant=True).sum().backward()
print(x.grad.shape)
D = nn.Linear(2, 1)
od = torch.optim.RMSprop(D.parameters(), lr=1e-3)
for i in range(5):
    od.zero_grad()
    mix = torch.randn(4, 2, requires_grad=True)
    gp = torch.autograd.grad(D(mix).sum(), mix, create_graph=True)[0]
    loss = D(torch.randn(4, 2)).mean() - D(torch.randn(4, 2)).mean() + 10 * ((gp.norm(2, 1) - 1) ** 2).mean()
    loss.backward()
    od.step()
target = nn.Linear(2, 1)
target.load_state_dict(D.state_dict())
for tp, p in zip(target.parameters(), D.parameters()):
    tp.data = tp.data - 0.1 * (tp.data - p.data)
    tp.data.mul_(0.9).add_(p.data, alpha=0.1)
@torch.no_grad()
def evaluate():
    return (D(torch.randn(4, 2)) - 1).abs().mean()
with torch.inference_mode():
    print(evaluate() > 0)
