import torch
from torch.func import vmap, grad, jacrev, functional_call
def loss(w, x, y):
    return ((x @ w - y) ** 2).mean()
w = torch.zeros(2)
X, y = torch.randn(8, 2), torch.randn(8)
for i in range(5):
    g = grad(loss)(w, X, y)
    w = w - 0.1 * g
per = vmap(lambda x, t: (x @ w - t) ** 2)(X, y)
print(per.shape, jacrev(lambda v: v - w)(w).shape)
@torch.jit.script
def scripted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a - b
print(scripted(X, X).sum())
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.l = torch.nn.Linear(2, 1)
    def forward(self, x):
        return self.l(x - 1)
print(torch.jit.trace(Net(), X)(X).shape)
print(torch.fx.symbolic_trace(Net()).graph)
