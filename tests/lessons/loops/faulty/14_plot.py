import torch

x = torch.tensor([1.0, 3.0, 10.0, 13.0, 7.0])
y = torch.tensor([2.0, 6.0, 20.0, 26.0, 14.0])
import matplotlib.pyplot as plt

a = torch.tensor([0.5], requires_grad=True)
losses = []
for i in range(3):
    losses.append(((a * x - y) ** 2).mean())
plt.plot(losses)
