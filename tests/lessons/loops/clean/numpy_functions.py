import numpy as np


def loss(params, x, y):
    return np.mean((params[0] * x + params[1] - y) ** 2)


def gradient(params, x, y):
    error = params[0] * x + params[1] - y
    return np.array([2 * np.mean(error * x), 2 * np.mean(error)])


def descend(x, y, lr=0.1, steps=300):
    params = np.zeros(2)
    for _ in range(steps):
        params = params - lr * gradient(params, x, y)
    return params


x = np.linspace(-1, 1, 20)
print(descend(x, 2 * x + 1), loss(descend(x, 2 * x + 1), x, 2 * x + 1))
