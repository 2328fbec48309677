"""Rows without a target are left out of each mean."""
import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, np.nan, 26.0, np.nan])
a = 0.5
for i in range(100):
    error = a * x - y
    loss = np.nanmean(error**2)
    a -= 0.001 * 2 * np.nanmean(error * x)
print(a, loss)
