import numpy as np

x = np.array([1.0, 3.0, 10.0, 13.0, 7.0]); y = 2 * x + 1
params = {"w": 0.0, "b": 0.0}
lr = 0.05
for i in range(200):
    p = params["w"] * x + params["b"]
    loss = np.mean((p - y) ** 2)
    grads = {"w": 2 * np.mean((p - y) * x), "b": 2 * np.mean(p - y)}
    for k in params:
        params[k] -= lr * grads[k]
print(params, loss)
