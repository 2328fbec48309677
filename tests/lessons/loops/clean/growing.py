"""What grows, or goes to and fro, in lines that look like updates: money, an unstable sum, a cobweb, a series."""
import math

rate, debt, capital = 0.05, 1.0, 1.0
for year in range(400):
    debt -= -rate * debt
    capital -= rate * -capital

total, term = 0.0, 1.0
for k in range(1, 200):
    term *= -60.0 / k
    total -= term

price, step = 1.0, 0.5
for day in range(200):
    price -= step * 2 * (price - 3.0) * 1.9

x, v, dt = 1.0, 0.0, 0.1
for i in range(2000):
    x, v = x + dt * v, v - dt * x

s = 0.0
for i in range(300):
    s -= 0.1 * i * math.cos(i)
print(debt, capital, total, price, x, s)
