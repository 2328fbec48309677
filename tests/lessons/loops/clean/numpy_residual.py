"""The error as a chain of differences: that of y and w * x is no prediction with its target."""
import numpy as np

x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
y = np.array([5.1, 6.9, 9.2, 10.8, 13.0])
w, b, rate = 0.0, 0.0, 0.02
for i in range(3000):
    residual = y - w * x - b
    w += rate * 2 * np.mean(residual * x)
    b += rate * 2 * np.mean(residual)

slope, intercept = 0.0, 0.0
for i in range(200):
    slope += np.sum((y - slope * x - intercept) * x) / np.sum(x * x)
    intercept += np.mean(y - slope * x - intercept)
print(w, b, slope, intercept)
