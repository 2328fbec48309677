xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0]
a, rate, smooth = 0.5, 0.001, 0.0
for i in range(100):
    loss = sum((y - a * x) ** 2 for x, y in zip(xs, ys)) / 5
    smooth += 0.1 * (loss - smooth)
    down = sum(x * (y - a * x) for x, y in zip(xs, ys)) / 5
    a += rate * down
print(a, smooth)
