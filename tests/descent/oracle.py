"""The lesson written once more, from its formulas alone: what every engine is held against."""

import numpy as np

X5 = np.array([1.0, 3.0, 10.0, 13.0, 7.0])
Y5 = np.array([2.0, 6.0, 20.0, 26.0, 14.0])


def descend(X, y, w, b, *, learning_rate, epochs, bias=True, weight=None):
    """Plain loops over rows and features; `epochs` is a list of passes, a pass a list of row-index batches.

    Returns the loss before each update and the parameters (slopes, then intercept) before the first and after each.
    """
    w, b = [float(v) for v in w], float(b)
    losses, path = [], [[*w, b]]
    for batches in epochs:
        for rows in batches:
            k = [1.0 if weight is None else float(weight[i]) for i in rows]
            total = sum(k)
            residuals = [sum(w[j] * X[i][j] for j in range(len(w))) + b - y[i] for i in rows]
            losses.append(sum(ki * r * r for ki, r in zip(k, residuals, strict=True)) / total)
            slopes = [
                sum(2 * ki * r * X[i][j] for ki, r, i in zip(k, residuals, rows, strict=True)) / total
                for j in range(len(w))
            ]
            offset = sum(2 * ki * r for ki, r in zip(k, residuals, strict=True)) / total
            w = [wj - learning_rate * s for wj, s in zip(w, slopes, strict=True)]
            b = b - learning_rate * offset if bias else b
            path.append([*w, b])
    return np.array(losses), np.array(path)
