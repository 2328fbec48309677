import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, np.nan, 26.0, 14.0])
a = 0.5
for i in range(20):
    p = a * x
    error = p - y
    loss = np.mean(error**2)
    a -= 0.001 * 2 * np.mean(error * x)
