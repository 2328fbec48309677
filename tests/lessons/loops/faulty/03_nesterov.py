import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, v, lr = 0.5, 0.0, 0.02
for i in range(200):
    ahead = a - lr * 0.9 * v
    v = 0.9 * v + 2 * np.mean((ahead * x - y) * x)
    a -= lr * v
print(a)
