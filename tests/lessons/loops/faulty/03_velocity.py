import numpy as np
x = np.array([1., 2., 3., 4., 5.]); y = np.array([2., 4., 6., 8., 10.])
a, v = 0.0, 0.0
for i in range(300):
    g = 2 * np.mean(x * (a * x - y))
    v = 0.9 * v - 0.2 * g
    a = a + v
print(a)
