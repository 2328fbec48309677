import numpy as np
sqft = np.array([500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0])
price = 100000 + 100 * sqft
w = b = 0.0
for i in range(1000):
    error = w * sqft + b - price
    loss = np.mean(error**2)
    w = w - 1e-7 * 2 * np.mean(error * sqft)
    b = b - 1e-7 * 2 * np.mean(error)
