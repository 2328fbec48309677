import numpy as np

rng = np.random.default_rng(0)
X = np.column_stack([np.ones(100), rng.normal(size=(100, 3))])
y = X @ np.array([1.0, 2.0, -1.0, 0.5]) + rng.normal(size=100)
theta, alpha, m = np.zeros(4), 0.1, len(y)
costs = []
for _ in range(100):
    error = X @ theta - y
    cost = 1 / (2 * m) * np.sum(error**2)
    theta = theta - alpha / m * X.T @ error
    costs.append(cost)
print(theta)
