xs = [1.0, 3.0, 10.0, 13.0, 7.0]
ys = [3.0, 7.0, 21.0, 27.0, 15.0]
w, b = 0.0, 0.0
mean_error = 0.0
for epoch in range(10):
    for x, y in zip(xs, ys):
        error = y - (w * x + b)
        mean_error += 0.1 * (error - mean_error)
        w += 0.05 * error * x
        b += 0.05 * error
print(w, b)
