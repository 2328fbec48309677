import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
w, lr = np.zeros(2), 0.001
X = np.column_stack([x, np.ones(5)])
losses = []
for i in range(100):
    error = X @ w - y
    losses.append((error @ error) / (2 * len(y)))
    w = w - lr * (2 / len(y)) * X.T @ error
