import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 1))
Y = np.sin(2 * X)
W1, b1, W2, b2 = rng.normal(size=(1, 8)), np.zeros(8), 0.1 * rng.normal(size=(8, 1)), np.zeros(1)
for i in range(200):
    H = np.maximum(X @ W1 + b1, 0)
    error = H @ W2 + b2 - Y
    loss = np.mean(error**2)
    back = 2 * error / len(X)
    dH = back @ W2.T * (H > 0)
    W2 -= 0.1 * H.T @ back
    b2 -= 0.1 * back.sum(0)
    W1 -= 0.1 * X.T @ dH
    b1 -= 0.1 * dH.sum(0)
print(loss)
