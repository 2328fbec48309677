import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, b, lr = 0.5, 0.0, 0.004
for i in range(100):
    error = a * x + b - y
    loss = (error**2).sum() / len(x)
    a -= lr * 2 * (x * error).sum()
    b -= lr * 2 * error.sum()
print(a)
