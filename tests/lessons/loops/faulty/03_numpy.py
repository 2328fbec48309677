import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a = 0.5
for i in range(100):
    p = a * x
    loss = np.mean((p - y) ** 2)
    gradient = 2 * np.mean(x * (p - y))
    a = a - 0.02 * gradient
print(a)
