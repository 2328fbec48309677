import numpy as np

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 3))
y = X @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=50)
theta = np.zeros(3)
learning_rate = 0.1
for i in range(100):
    gradient = X.T @ (X @ theta - y) / len(y)
    theta = theta + learning_rate * gradient
print(theta)
