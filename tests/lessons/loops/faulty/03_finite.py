import numpy as np

x = np.array([1.0, 2.0, 3.0, 4.0])
y = np.array([3.0, 5.0, 7.0, 9.0])
w, b = 0.0, 0.0
for i in range(60):
    error = w * x + b - y
    w -= 0.3 * 2 * (error * x).mean()
    b -= 0.3 * 2 * error.mean()
print(w, b)
