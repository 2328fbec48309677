import numpy as np

x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
y = np.array([2.0, 4.0, 6.0, 8.0, 10.0])
w = 0.0
for i in range(40):
    err = w * x - y
    w += 0.1 * 2 * (err * x).mean()
print(w)
