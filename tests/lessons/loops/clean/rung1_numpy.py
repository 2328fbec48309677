import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
a = np.random.rand()
for i in range(100):
    p = a * x
    loss = np.mean((p - y) ** 2)
    gradient = 2 / len(x) * np.sum(x * (p - y))
    a = a - 0.001 * gradient
    if (i + 1) % 10 == 0:
        print(f"Iteration {i+1}: Loss = {loss:.4f}, 'a' = {a:.4f}")
print(f"Optimal parameter 'a': {a:.4f}")
