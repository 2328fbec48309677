xs = [1.0, 3.0, 10.0, 13.0, 7.0]
ys = [2.0, 6.0, 20.0, 26.0, 14.0]
w = 0.5
for epoch in range(20):
    gradient = 0.0
    for x, y in zip(xs, ys):
        gradient += 2 * (w * x - y) * x
    w -= 0.1 * gradient / len(xs)
print(w)
