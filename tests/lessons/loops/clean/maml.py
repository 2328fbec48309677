import torch

torch.manual_seed(0)
w = torch.zeros(2, requires_grad=True)
meta = torch.optim.SGD([w], lr=0.01)
for i in range(20):
    X, y = torch.randn(10, 2), torch.randn(10)
    inner = ((X @ w - y) ** 2).mean()
    (g,) = torch.autograd.grad(inner, w, create_graph=True)
    fast = w - 0.1 * g
    outer = ((X @ fast - y) ** 2).mean()
    meta.zero_grad()
    outer.backward()
    meta.step()
