import random

random.seed(0)
xs, ys = [1.0, 3.0, 10.0, 13.0, 7.0], [3.0, 7.0, 21.0, 27.0, 15.0]
w, b = 0.0, 0.0
for i in range(200):
    k = random.randrange(5)
    error = w * xs[k] + b - ys[k]
    w -= 0.02 * 2 * error * xs[k]
    b -= 0.02 * 2 * error
print(w, b)
