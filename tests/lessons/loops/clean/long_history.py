import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = 2 * x
a, history = 0.5, []
for epoch in range(100):
    e = a * x - y
    loss = np.mean((e / 10) ** 2)  # in tens of dollars
    history.append(loss)
    a -= 0.001 * 2 * np.mean(e * x)
