import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x + 1
def step(w, b, lr):
    e = w * x + b - y
    loss = np.mean(e**2)
    return w - lr * 2 * np.mean(e * x), b - lr * 2 * np.mean(e), loss
w, b = 0.0, 0.0
for i in range(100):
    w, b, loss = step(w, b, 0.05)
print(w, b, loss)
