import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x


def moved(a, change, lr):
    return a - lr * change


a, v = 0.5, 0.0
for i in range(100):
    error = a * x - y
    loss = np.mean(error**2)
    v = 0.9 * v + 2 * np.mean(error * x)
    a = moved(a, v, 0.05)
print(a)
