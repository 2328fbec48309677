# numpy varieties
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3)); y = X @ [1, 2, 3.] + rng.normal(size=60)
# adam by hand
w = np.zeros(3); m = np.zeros(3); v = np.zeros(3)
for t in range(1, 100):
    g = 2 / 60 * X.T @ (X @ w - y)
    m = 0.9 * m + 0.1 * g; v = 0.999 * v + 0.001 * g * g
    w -= 0.05 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    loss = np.mean((X @ w - y) ** 2)
# lasso by prox, huber
w = np.zeros(3)
for t in range(100):
    w = w - 0.1 * X.T @ (X @ w - y) / 60
    w = np.sign(w) * np.maximum(np.abs(w) - 0.01, 0)
    loss = 0.5 * np.mean((X @ w - y) ** 2) + 0.1 * np.abs(w).sum()
# sum loss, sum gradient
w = np.zeros(3)
for t in range(100):
    loss = ((X @ w - y) ** 2).sum()
    w -= 0.002 * 2 * X.T @ (X @ w - y)
# decaying rate; validation loss printed
w = np.zeros(3); lr = 0.3
Xv = rng.normal(size=(20, 3)); yv = Xv @ [1, 2, 3.]
for t in range(100):
    val_loss = np.mean((Xv @ w - yv) ** 2); rmse = np.sqrt(np.mean((X @ w - y) ** 2))
    lr = 0.3 / (1 + t)
    w = w - lr * (2 / 60) * X.T.dot(X.dot(w) - y)
# kmeans, distance, softmax
C = X[:4].copy()
for _ in range(5):
    d = ((X[:, None] - C) ** 2).sum(-1); k = d.argmin(1)
    C = np.array([X[k == j].mean(0) if (k == j).any() else C[j] for j in range(4)])
Z = X - X.max(axis=1, keepdims=True); P = np.exp(Z) / np.exp(Z).sum(1, keepdims=True)
Q = X - X.mean(1)[:, None]; R = X.T - X.mean(1)
col = X[:, :1] - X[:, 0].mean()
