import numpy as np

rng = np.random.default_rng(0)
class Layer:
    def __init__(self, i, o):
        self.W = rng.normal(size=(i, o)); self.b = np.zeros(o)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(0)
        return d @ self.W.T
X = rng.normal(size=(50, 4)); y = rng.normal(size=(50, 1))
net = [Layer(4, 8), Layer(8, 1)]
lr = 0.5
for epoch in range(100):
    h = np.maximum(net[0].forward(X), 0)
    p = net[1].forward(h)
    loss = np.mean((p - y) ** 2)
    d = net[1].backward(2 * (p - y) / len(y)) * (h > 0)
    net[0].backward(d)
    net[0].W -= lr * net[0].dW; net[0].b -= lr * net[0].db
    net[1].W -= lr * net[1].dW; net[1].b -= lr * net[1].db
print(loss)
