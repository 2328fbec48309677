"""Probabilities that are 0 and 1 to the last digit: 0 * log(0) is nan, and w goes on."""
import numpy as np

X = np.array([[0.0, 50.0], [1.0, 60.0], [2.0, 400.0], [3.0, 500.0]])
y = np.array([0, 0, 1, 1])
w = np.zeros(2)
with np.errstate(all="ignore"):
    for i in range(200):
        p = 1 / (1 + np.exp(-X @ w))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        w -= 0.1 * X.T @ (p - y) / 4
print(w, loss)
