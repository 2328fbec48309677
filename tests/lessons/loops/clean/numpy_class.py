import numpy as np


class Line:
    def __init__(self, lr=0.1):
        self.w, self.b, self.lr = 0.0, 0.0, lr

    def fit(self, x, y, epochs=200):
        self.losses = []
        for _ in range(epochs):
            error = self.w * x + self.b - y
            self.losses.append(np.mean(error**2))
            self.w -= self.lr * 2 * np.mean(error * x)
            self.b -= self.lr * 2 * np.mean(error)
        return self


x = np.linspace(-1, 1, 20)
print(vars(Line().fit(x, 2 * x + 1)))
