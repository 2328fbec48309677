xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0]
w, total = 0.5, 0.0
for i in range(30):
    loss = sum((w * x - y) ** 2 for x, y in zip(xs, ys)) / 5
    g = sum(2 * x * (y - w * x) for x, y in zip(xs, ys)) / 5
    total += loss
    w -= 0.01 * g
