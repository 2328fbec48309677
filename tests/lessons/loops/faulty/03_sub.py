import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
w = torch.tensor(0.5, requires_grad=True)
for i in range(300):
    loss = ((w * x - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w.sub_(0.02 * w.grad)
        w.grad.zero_()
print(w.item(), loss.item())
