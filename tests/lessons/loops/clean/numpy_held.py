"""What is added to w * x is known, and held."""
import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x + 5
w, offset = 0.0, 1.0
for i in range(3000):
    p = w * x + offset
    loss = np.mean((p - y) ** 2)
    w -= 0.005 * 2 * np.mean((p - y) * x)
print(w)
