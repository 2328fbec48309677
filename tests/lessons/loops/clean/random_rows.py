"""Rows in random order, without a loss: from almost nothing to a slope, and to none, through noise."""
import random

import numpy as np

random.seed(1)
xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [3.0, 7.0, 21.0, 27.0, 15.0]
w, b = 1e-9, -1e-9
for i in range(3000):
    k = random.randrange(5)
    error = w * xs[k] + b - ys[k]
    w -= 0.002 * 2 * error * xs[k]
    b -= 0.002 * 2 * error

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 2))
noise = rng.normal(size=400)
v = 1e-9 * rng.normal(size=2)
slope = 1e-12
for i in range(1000):
    j = rng.integers(400)
    v -= 0.05 * (X[j] @ v - noise[j]) * X[j]
    slope += 0.05 * (noise[j] - slope * X[j, 0]) * X[j, 0]
print(w, b, v, slope)
