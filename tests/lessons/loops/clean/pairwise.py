import numpy as np

x = np.linspace(0, 1, 5)
y = np.linspace(1, 2, 5)
between = x[:, None] - y[None, :]
among = x[:, None] - x
these = np.expand_dims(x, 1) - x
also = x[:, np.newaxis] - y
apart = np.abs(x.reshape(-1, 1) - x).mean()
kernel = np.exp(-(between**2))
