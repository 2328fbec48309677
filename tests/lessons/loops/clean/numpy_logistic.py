import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
t = (X[:, 0] + X[:, 1] > 0).astype(float)
w, b, lr = np.zeros(2), 0.0, 0.5
for i in range(200):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(t * np.log(p + 1e-12) + (1 - t) * np.log(1 - p + 1e-12))
    w -= lr * X.T @ (p - t) / len(t)
    b -= lr * np.mean(p - t)
print(loss)
