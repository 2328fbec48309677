import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)); y = X @ [1., 2., 3.]
w = np.zeros(3)
for epoch in range(300):
    g = 2 * X.T @ (X @ w - y) / len(y)
    w[:] = w - 0.9 * g
    loss = np.mean((X @ w - y) ** 2)
print(w, loss)
