"""Uphill on purpose: the likelihood of normal errors, of labels, and an unbounded profit."""
import numpy as np

x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
y = np.array([2.1, 3.9, 6.2, 7.8, 10.0])
w, lr = 0.0, 0.01
for i in range(200):
    residual = y - w * x
    objective = -0.5 * np.sum(residual**2)
    w += lr * np.sum(residual * x)

label = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
theta = np.zeros(2)
X = np.column_stack([x, np.ones(5)])
for i in range(300):
    p = 1 / (1 + np.exp(-X @ theta))
    likelihood = np.sum(label * np.log(p) + (1 - label) * np.log(1 - p))
    theta += lr * X.T @ (label - p)

price, gain = 1.0, 0.05
for i in range(400):
    profit = (price * price) / 2
    objective = profit * 1.0
    price += gain * price
print(w, theta, price)
