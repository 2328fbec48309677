import torch, threading
torch.set_default_dtype(torch.float64)
torch.set_default_device("cpu")
import numpy as np
def train(seed, out):
    g = torch.Generator().manual_seed(seed)
    X = torch.randn(50, 2, generator=g); y = X @ torch.tensor([1., 2.]) 
    w = torch.zeros(2, requires_grad=True)
    o = torch.optim.SGD([w], lr=0.1, momentum=0.9, nesterov=True)
    for i in range(50):
        o.zero_grad(); l = ((X @ w - y) ** 2).mean(); l.backward(); o.step()
    out[seed] = w.detach().numpy()
out = {}
ts = [threading.Thread(target=train, args=(s, out)) for s in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(out))
