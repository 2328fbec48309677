"""Rung 1 for any loss: NumPy, with the gradient derived by hand.

loss = sum_i share_i loss(p_i - y_i)  with  p = X w + b;  by the chain rule
dloss/dp_i = share_i slope(p_i - y_i),   dloss/dw = X' dp,   dloss/db = sum_i dp_i
"""

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.losses.loss import Loss
from gradline.solution import Array


class LossByHand:
    """Rows as arrays X (n, features), y (n,); share (n,) is 1/n each, or weight / total weight."""

    def __init__(self, w: Array, b: float, *, loss: Loss, learning_rate: float, bias: bool, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.loss, self.learning_rate, self.bias = loss, self.dtype.type(learning_rate), bias
        self.write(w, b)

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before."""
        X, y, share = (part.astype(self.dtype, copy=False) for part in (batch.X, batch.y, batch.share))
        # 1. predict
        p = X @ self.w + self.b
        # 2. loss
        loss = share @ self.loss.value(p - y)
        # 3. gradient
        dp = share * self.loss.slope(p - y)
        dw, db = X.T @ dp, dp.sum()
        # 4. update
        self.w -= self.learning_rate * dw
        if self.bias:
            self.b -= self.learning_rate * db
        return float(loss)

    def read(self) -> tuple[Array, float]:
        """Copies of w and b."""
        return self.w.astype(np.float64), float(self.b)

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters."""
        self.w, self.b = w.astype(self.dtype), self.dtype.type(b)
