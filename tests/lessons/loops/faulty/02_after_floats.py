import numpy as np


def error(prediction, target):
    return prediction - target


xs, ys, a = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0], 0.5
for i in range(1000):
    for x, y in zip(xs, ys):
        a -= 0.001 * 2 * error(a * x, y) * x

x, y, w = np.array(xs).reshape(-1, 1), np.array(ys), np.array([0.5])
for i in range(100):
    w -= 0.001 * 2 * np.mean(error(x @ w[:, None], y) * x)
print(a, w)
