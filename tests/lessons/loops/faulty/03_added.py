xs = [1.0, 3.0, 10.0, 13.0, 7.0]
ys = [2.0, 6.0, 20.0, 26.0, 14.0]
a, lr = 0.5, 0.02
for epoch in range(30):
    down = 0.0
    for x, y in zip(xs, ys):
        down += 0.4 * (y - a * x) * x
    a += lr * down
print(a)
