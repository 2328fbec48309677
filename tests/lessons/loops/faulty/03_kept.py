import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a, v = 0.5, None
for i in range(100):
    g = 2 * np.mean((a * x - y) * x)
    v = g if v is None else 0.9 * v + g
    a -= 0.05 * v
print(a)
