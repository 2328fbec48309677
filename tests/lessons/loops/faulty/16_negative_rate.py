xs = [1.0, 2.0, 3.0]
ys = [2.0, 4.0, 6.0]
w = 0.0
def mse(w):
    return sum((w * x - y) ** 2 for x, y in zip(xs, ys)) / len(xs)
for epoch in range(50):
    loss = mse(w)
    g = 0.0
    for x, y in zip(xs, ys):
        g += x * (w * x - y)
    g = g / len(xs)
    w += -0.05 * g
print(w, mse(w))
