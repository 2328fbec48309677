import numpy as np
area = np.array([50., 60., 80., 100., 120.])
price = np.array([150., 180., 240., 310., 350.])
w = 0.0
b = 0.0
for epoch in range(5000):
    pred = w * area + b
    cost = ((pred - price) ** 2).mean()
    w -= 0.0001 * (2 * (pred - price) * area).mean()
    b -= 0.0001 * (2 * (pred - price)).mean()
    if epoch % 1000 == 0:
        print(epoch, cost)
print(w, b)
