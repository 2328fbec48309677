import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
def loss(a):
    return np.mean((a * x - y) ** 2)


a, h = 0.5, 1e-6
for i in range(100):
    gradient = (loss(a + h) - loss(a - h)) / (2 * h)
    a = a - 0.001 * gradient
print(a)
