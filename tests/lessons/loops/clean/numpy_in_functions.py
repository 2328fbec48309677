"""Steps that a function returns, of two parameters in turn; a momentum that another function has, or none."""

import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x + 1


def move(p, g, lr=0.005):
    return p - lr * g


w = b = 0.0
for i in range(300):
    error = w * x + b - y
    loss = np.mean(error**2)
    b = move(b, 2 * np.mean(error))
    w = move(w, 2 * np.mean(error * x))


def heavy_ball(lr=0.001, beta=0.9, steps=200):
    a = v = 0.0
    for _ in range(steps):
        v = beta * v + 2 * np.mean((a * x - 2 * x) * x)
        a -= lr * v
    return a


def averaged(lr=0.001, decay=0.9, steps=200):
    a = v = 0.0
    for _ in range(steps):
        v = decay * v + (1 - decay) * 2 * np.mean((a * x - 2 * x) * x)
        a -= lr * v
    return a


class Momentum:
    def __init__(self):
        self.w, self.u = 0.5, 0.0

    def accumulate(self, g, damped=0.9):
        self.u = damped * self.u + g

    def step(self, lr=0.001):
        self.w -= lr * self.u


def train(use_momentum=False, lr=0.001):
    a = s = 0.0
    for _ in range(200):
        g = 2 * np.mean((a * x - 2 * x) * x)
        if use_momentum:
            kept = 0.9
            s = kept * s + g
        else:
            s = g
        a -= lr * s
    return a


q = 0.0


def gather(g, pace=0.001, held=0.9):
    global q
    q = held * q - pace * g


model = Momentum()
c = 0.5
for i in range(200):
    model.accumulate(2 * np.mean((model.w * x - 2 * x) * x))
    model.step()
    gather(2 * np.mean((c * x - 2 * x) * x))
    c += q
print(w, b, heavy_ball(), averaged(), model.w, train(), train(use_momentum=True), c)
