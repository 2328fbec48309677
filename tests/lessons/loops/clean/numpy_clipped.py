import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a = 0.5
for i in range(100):
    loss = np.mean((a * x - y)**2)
    new = a - 0.02 * 2 * np.mean((a * x - y) * x)
    new = np.clip(new, -1, 1)
    a = new
print(a)
