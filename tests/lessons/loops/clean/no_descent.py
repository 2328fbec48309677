# gradient ascent, root finding (Newton), Euler integration
import math
x = 2.0
for i in range(20):
    x = x - (x * x - 2) / (2 * x)
y, dt = 1.0, 0.01
for i in range(100): y -= dt * y
err = 1.0
total = 0.0
for i in range(100):
    err = abs(x - math.sqrt(2)) * 2 ** i
balance = 1000.0
for m in range(12): balance -= 0.05 * balance
loss = 1.0
for k in range(40): loss = loss * 2.0
print(loss)
