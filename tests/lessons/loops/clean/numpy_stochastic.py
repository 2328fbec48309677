import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 2))
y = X @ [2.0, -1.0] + 0.1 * rng.normal(size=300)
w, lr = np.zeros(2), 0.05
for epoch in range(5):
    for i in rng.permutation(len(y)):
        error = X[i] @ w - y[i]
        loss = error**2
        w -= lr * 2 * error * X[i]
print(w)
