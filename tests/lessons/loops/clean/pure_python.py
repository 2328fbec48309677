xs = [1.0, 3.0, 10.0, 13.0, 7.0]
ys = [2.0, 6.0, 20.0, 26.0, 14.0]
a, n = 0.5, len(xs)
for i in range(100):
    loss = sum((a * x - y) ** 2 for x, y in zip(xs, ys)) / n
    gradient = sum(2 * x * (a * x - y) for x, y in zip(xs, ys)) / n
    a -= 0.001 * gradient
print(f"{a:.4f} {loss - 1e-9:.4f}")
