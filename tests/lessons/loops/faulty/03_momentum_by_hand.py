import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, velocity, lr, beta = 0.5, 0.0, 0.05, 0.9
for i in range(100):
    error = a * x - y
    loss = np.mean(error**2)
    velocity = beta * velocity + 2 * np.mean(error * x)
    a -= lr * velocity
print(a)
