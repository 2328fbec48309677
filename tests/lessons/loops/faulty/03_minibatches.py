import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 3)); y = X @ [1., 2., 3.]
w = np.zeros(3); losses = []
for epoch in range(40):
    for start in range(0, 100, 10):
        xb, yb = X[start:start + 10], y[start:start + 10]
        w -= 1.5 * 2 / len(yb) * xb.T @ (xb @ w - yb)
    losses.append(np.mean((X @ w - y) ** 2))
print(losses[-1], 2 / np.linalg.eigvalsh(2 / 100 * X.T @ X)[-1])
