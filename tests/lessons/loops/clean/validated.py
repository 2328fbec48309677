import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=80)
y = 2 * x + 1 + rng.normal(size=80)
xt, yt, xv, yv = x[:60], y[:60], x[60:], y[60:]
w, b = 0.0, 0.0


def validation():
    return np.mean((w * xv + b - yv) ** 2)


print(validation())
for i in range(500):
    e = w * xt + b - yt
    loss = np.mean(e**2)
    w -= 0.1 * 2 * np.mean(e * xt)
    b -= 0.1 * 2 * np.mean(e)
    if i % 5 == 0:
        v = validation()
print(w, b, validation())
