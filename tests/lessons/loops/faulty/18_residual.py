import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
w, b, lr = 0.5, 0.0, 0.01
for i in range(30):
    residual = y - (w * x + b)
    loss = np.mean(residual**2)
    w -= lr * 2 * np.mean(x * residual)
    b -= lr * 2 * np.mean(residual)
print(w, b)
