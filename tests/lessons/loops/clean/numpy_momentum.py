import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a, velocity, lr = 0.0, 0.0, 0.001
for i in range(200):
    error = a * x - y
    loss = np.mean(error**2)
    velocity = 0.9 * velocity + 2 * np.mean(error * x)
    a -= lr * velocity
print(a)
