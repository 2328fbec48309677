"""A step for w, and the best b for it: b moves, though no line moves it."""
import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x + 5
w = b = 0.0
for i in range(300):
    p = w * x + b
    loss = np.mean((p - y) ** 2)
    w -= 0.005 * 2 * np.mean((p - y) * x)
    b = np.mean(y - w * x)
print(w, b)
