xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [2.0, 6.0, 20.0, 26.0, 14.0]
a, rate = 0.5, 0.01526
losses = []
for i in range(6000):
    loss = sum((a * x - y) ** 2 for x, y in zip(xs, ys)) / 5
    losses.append(loss)
    g = sum(2 * x * (a * x - y) for x, y in zip(xs, ys)) / 5
    a -= rate * g
print(a, losses[-1])
