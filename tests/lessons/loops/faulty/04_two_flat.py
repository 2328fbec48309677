import numpy as np
rooms = np.array([2., 3., 4., 5., 3.]); metres = np.array([60., 85., 110., 150., 80.])
price = 10 * rooms + 2 * metres + 30
X = np.column_stack([rooms, metres, np.ones(5)])
w = np.zeros(3)
for i in range(2000):
    w = w - 0.00005 * (2 / 5) * X.T @ (X @ w - price)
print(w)
