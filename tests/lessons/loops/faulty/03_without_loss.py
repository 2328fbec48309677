import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, learning_rate = 0.5, 0.1
for i in range(1000):
    gradient = 2 * np.mean(x * (a * x - y))
    with np.errstate(all="ignore"):
        a -= learning_rate * gradient
print(a)
