import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(5, 2, size=(100, 2))
X -= X.mean(axis=0)
X /= X.std(axis=0)
y = X @ [1.0, 2.0]
y -= y.mean()
w = np.zeros(2)
for i in range(100):
    w -= 0.1 * 2 / len(y) * X.T @ (X @ w - y)
print(w)
