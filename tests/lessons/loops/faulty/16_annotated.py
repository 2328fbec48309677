import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x
a: float = 0.5
for i in range(100):
    e: np.ndarray = a * x - y
    loss: float = float(np.mean(e**2))
    a -= 0.001 * np.mean(e * x)
print(a, loss)
