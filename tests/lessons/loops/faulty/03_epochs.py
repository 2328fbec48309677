xs = [1.0, 3.0, 10.0, 13.0, 7.0]; ys = [2 * x for x in xs]
a = 0.5
for epoch in range(60):
    for x, y in zip(xs, ys):
        a = a - 0.02 * 2 * (a * x - y) * x
    mse = sum((a * x - y) ** 2 for x, y in zip(xs, ys)) / len(xs)
print(a, mse)
