xs = [1.0, 3.0, 10.0, 13.0, 7.0]
ys = [3.0, 7.0, 21.0, 27.0, 15.0]
w, b, lr = 0.0, 0.0, 0.05
for epoch in range(10):
    for x, y in zip(xs, ys):
        error = w * x + b - y
        w -= lr * 2 * error * x
        b -= lr * 2 * error
print(w, b)
