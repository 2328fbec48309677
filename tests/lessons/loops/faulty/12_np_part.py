import numpy as np
x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])

w = np.array([0, 0])
for i in range(50):
    e = w[0] * x + w[1] - y
    w[0] -= 0.001 * 2 * np.mean(e * x)
    w[1] -= 0.001 * 2 * np.mean(e)
print(w)
