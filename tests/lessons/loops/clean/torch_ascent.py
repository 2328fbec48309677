"""Uphill on purpose: a likelihood, and the worst input for a line that is already there."""
import torch

x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
y = torch.tensor([2.1, 3.9, 6.2, 7.8, 10.0])
w = torch.zeros(1, requires_grad=True)
total = 0.0
for i in range(200):
    likelihood = -0.5 * ((y - w * x) ** 2).sum()
    likelihood.backward()
    with torch.no_grad():
        w += 0.01 * w.grad
        w.grad = None
    total += likelihood.item()

slopes = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
wanted = torch.tensor([2.0, 1.0, 1.0])
worst = torch.tensor([0.6857, 0.6571], requires_grad=True)
for i in range(8):
    loss = ((slopes @ worst - wanted) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        worst += 0.1 * worst.grad
        worst.grad.zero_()
print(w, worst)
