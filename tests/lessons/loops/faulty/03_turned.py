import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a, lr = 0.5, 0.02
for i in range(100):
    a = -lr * 2 * np.mean((a * x - y) * x) + a
    loss = np.mean((a * x - y)**2)
print(a, loss)
