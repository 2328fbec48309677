import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a = 0.5
for i in range(100):
    e = a * x - y
    rmse = np.sqrt(np.mean(e**2))
    gradient = 2 * np.mean(e * x)
    a -= 0.02 * gradient
print(a, rmse)
