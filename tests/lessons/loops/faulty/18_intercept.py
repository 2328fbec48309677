import numpy as np

x = np.array([0.0, 1.0, 2.0, 3.0])
y = np.array([1.0, 3.0, 5.0, 7.0])
w, b = 0.0, 0.0
for i in range(400):
    error = w * x + b - y
    w = w - 0.05 * 2 * (error * x).mean()
    b = b + 0.05 * 2 * error.mean()
print(w, b)
