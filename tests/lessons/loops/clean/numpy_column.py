import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 1))
y = 3 * X + 1 + rng.normal(size=(100, 1))
w, b, lr = np.zeros((1, 1)), np.zeros((1,)), 0.1
for epoch in range(200):
    yhat = X @ w + b
    error = yhat - y
    loss = (error**2).mean()
    w -= lr * 2 * X.T @ error / len(X)
    b -= lr * 2 * error.mean(axis=0)
print(w, b)
