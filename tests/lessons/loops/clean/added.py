"""Steps written with a plus, row by row and all at once; and sums, means and a cobweb beside them that are no steps."""

xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [3.0, 7.0, 21.0, 27.0, 15.0]
w, b, rate = 0.0, 0.0, 0.004
for epoch in range(500):
    for x, y in zip(xs, ys):
        error = y - (w * x + b)
        w += rate * error * x
        b += rate * error


def loss(a):
    total = 0.0
    for x, y in zip(xs, ys):
        total += 0.2 * (y - 1 - a * x) * (y - 1 - a * x)
    return total


a, mean, longest, money, price = 0.0, 0.0, 0.0, 1.0, 1.0
for i in range(400):
    now = loss(a)
    mean += 0.1 * (now - mean)
    money += rate * 10 * money
    down = 0.0
    for x, y in zip(xs, ys):
        down += 0.4 * (y - 1 - a * x) * x
    a += 0.001 * down
    longest += 0.5 * abs(down)
    price += 0.5 * 2 * (3.0 - price) * 0.95

position, speed = 1.0, 0.0
for i in range(500):
    position += 0.1 * speed
    speed += 0.1 * -position
print(w, b, a, mean, longest, money, price, position)
