import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])

w, b = 0.0, 0.0
for i in range(50):
    e = w * x + b - y
    loss = np.mean(e ** 2)
    w -= 0.001 * np.mean(e * x)
    b -= 0.001 * 2 * np.mean(e)
