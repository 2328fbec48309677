import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
w, t, step = 0.5, 0.0, 0.1
for i in range(300):
    t += step
    e = y - w * x
    loss = np.mean(e**2)
    w += 0.02 * 2 * np.mean(e * x)
print(t, w, loss)
