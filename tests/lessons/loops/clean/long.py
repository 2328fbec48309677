"""Lines passed thousands of times, with what they meet changing on the way; a rate that falls; a restart."""
import numpy as np


def error(prediction, target):
    return prediction - target


xs, ys, a = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0], 0.5
for i in range(3000):
    rate = 0.001 / (1 + i / 1000)
    loss = total = 0.0
    for x, y in zip(xs, ys):
        loss = loss + error(a * x, y) ** 2 / 5
        total += loss
        a -= rate * 2 * error(a * x, y) * x

x, y = np.array(xs), np.array(ys)
for start in (0.5, 3.0):
    w = start
    for i in range(3000):
        w -= 0.001 * 2 * np.mean(error(w * x, y) * x)
print(a, w, loss, total)
