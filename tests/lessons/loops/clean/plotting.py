import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
import matplotlib.pyplot as plt

a, losses = 0.5, []
for i in range(50):
    losses.append(np.mean((a * x - y) ** 2))
    a -= 0.001 * 2 * np.mean(x * (a * x - y))
plt.plot(losses)
plt.scatter(x, y - a * x)
plt.show()
