import torch

x = torch.tensor([1.0, 2.0, 3.0, 4.0])
y = torch.tensor([3.0, 5.0, 7.0, 9.0])
w, b, lr = torch.zeros(1), torch.zeros(1), 0.3
for i in range(40):
    error = w * x + b - y
    w -= lr * 2 * (error * x).mean()
    b -= lr * 2 * error.mean()
print(w.item(), b.item())
