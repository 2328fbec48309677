"""A column that is constant has no deviation to be divided by."""
import numpy as np

X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 9.0], [1.0, 5.0]])
y = np.array([2.0, 6.0, 20.0, 26.0])
with np.errstate(all="ignore"):
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
w = np.zeros(2)
for i in range(20):
    error = Z @ w - y
    loss = np.mean(error**2)
    w = w - 0.1 * 2 / 4 * Z.T @ error
