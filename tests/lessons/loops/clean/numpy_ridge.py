import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, lr, penalty = 0.0, 0.001, 0.5
for i in range(200):
    error = a * x - y
    mse = np.mean(error**2)
    a -= lr * (2 * np.mean(error * x) + 2 * penalty * a)
print(a, mse)
