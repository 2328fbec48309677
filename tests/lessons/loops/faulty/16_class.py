import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])

class Model:
    def __init__(self): self.w, self.b = 0.0, 0.0
    def loss(self, x, y):
        return np.mean((self.w * x + self.b - y) ** 2)
    def fit(self, x, y, learning_rate=0.001, epochs=50):
        n = len(x)
        for _ in range(epochs):
            pred = self.w * x + self.b
            dw = (1 / n) * np.dot(x, pred - y)
            db = (1 / n) * np.sum(pred - y)
            self.loss_history = self.loss(x, y)
            self.w -= learning_rate * dw
            self.b -= learning_rate * db
Model().fit(x, y)
