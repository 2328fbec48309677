import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, b = 0.5, 5.0
for i in range(100):
    error = a * x + b - y
    loss = np.mean(error**2)
    da, db = 2 * np.mean(x * error), 2 * np.mean(error)
    a, b = a - 0.001 * da, b - 0.001 * db
print(a, b)
