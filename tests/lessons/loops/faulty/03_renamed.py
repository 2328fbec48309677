import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x + 1
theta0, theta1 = 0.0, 0.0
alpha = 0.05
m = len(x)
for i in range(400):
    h = theta0 + theta1 * x
    J = np.sum((h - y) ** 2) / (2 * m)
    temp0 = theta0 - alpha * np.sum(h - y) / m
    temp1 = theta1 - alpha * np.sum((h - y) * x) / m
    theta0 = temp0
    theta1 = temp1
print(theta0, theta1, J)
