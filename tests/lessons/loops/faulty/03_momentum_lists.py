xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0]
a, v, lr = 0.5, 0.0, 0.03
for i in range(400):
    g = sum(2 * x * (a * x - y) for x, y in zip(xs, ys)) / 5
    v = 0.9 * v + 0.1 * g
    a -= 10 * lr * v
print(a)
