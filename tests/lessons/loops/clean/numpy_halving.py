"""A rate that falls in the very assignment that steps; time that goes on; a countdown; a table that is asked for."""

import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x
apart = np.abs(np.expand_dims(x, 1) - x).mean() + np.abs(np.reshape(x, (-1, 1)) - x).mean()
w, lr, step, left = 0.5, 0.001, 0.1, 100
seconds = 0.0
for i in range(100):
    seconds += step
    left -= 1
    loss = np.mean((w * x - y) ** 2)
    g = 2 * np.mean((w * x - y) * x)
    w, lr = w - lr * g, lr / 2
print(w, loss, seconds, left, apart)
