import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
def loss(a):
    return np.mean((a * x - y) ** 2)


a = 0.5
for i in range(30):
    g, rate = 2 * np.mean(x * (a * x - y)), 1.0
    while loss(a - rate * g) > loss(a) - 0.5 * rate * g**2:
        rate /= 2
    a = a - rate * g
print(a)
