xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0]
a = 0.5
for i in range(60):
    loss = sum((a * x - y) ** 2 for x, y in zip(xs, ys)) / 5
    g = sum(2 * x * (a * x - y) for x, y in zip(xs, ys)) / 5
    a += 0.001 * g
print(a, loss)
