import torch
@torch.compile(backend="eager")
def f(x, y):
    return ((x - y) ** 2).mean()
a = torch.ones(3, requires_grad=True)
opt = torch.optim.SGD([a], lr=0.1)
for i in range(5):
    opt.zero_grad()
    loss = f(a, torch.zeros(3))
    loss.backward()
    opt.step()
print(a.sum() - 1 > 0)
