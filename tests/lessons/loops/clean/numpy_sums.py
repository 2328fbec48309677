"""What is added up beside a descent: totals, counters, running means, a buffer, text; and what grows by its own rate."""
import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
y = np.array([2.0, 6.0, 20.0, 26.0, 14.0])
w, b, v_w, v_b, rate = 0.5, 0.0, 0.0, 0.0, 0.005
total, mean, smooth, count, path, told, capital = 0.0, 0.0, 0.0, 0, [], "", 1.0
squares = np.zeros(5)
for i in range(2000):
    error = w * x + b - y
    loss = np.mean(error**2)
    total += loss
    count += 1
    mean += (loss - mean) / count
    smooth += 0.1 * (loss - smooth)
    squares += rate * error**2
    path += [w]
    told += "." * (i % 2)
    capital += rate * 10 * capital
    v_w = 0.8 * v_w - rate * 2 * np.mean(x * error)
    v_b = 0.8 * v_b - rate * 2 * np.mean(error)
    w += v_w
    b = b + v_b
print(w, b, total, capital)
