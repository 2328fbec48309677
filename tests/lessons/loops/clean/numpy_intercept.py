import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
x = (x - x.mean()) / x.std()
w, b, rate, n = 0.0, 0.0, 0.1, len(x)
history = []
for epoch in range(200):
    e = w * x + b - y
    history.append((e**2).mean())
    w, b = w - rate * 2 / n * (x @ e), b - rate * 2 / n * e.sum()
print(w, b)
