"""The same descent without the rows: the gradient from the sufficient statistics.

    loss(v) = floor + (v - best)' H (v - best),   gradient = 2 H (v - best),   v = (w, b)

Stage 1 predicts nothing here: what e = v - best is to the sums, p - y is to the rows.

Exactly the steps of the other rungs on the full batch, at a cost that does not depend on the number of rows.
The loss is written in v - best because v'Hv - 2v'c + s cancels: near the answer it has no correct digit left.
"""

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.goal.quadratic import Quadratic
from gradline.solution import Array


class ByMoments:
    """Full batches only: the statistics are the batch."""

    def __init__(self, w: Array, b: float, *, learning_rate: float, quadratic: Quadratic) -> None:
        self.H, self.best, self.floor = quadratic.H, quadratic.best, quadratic.floor
        self.learning_rate, self.bias = learning_rate, quadratic.bias
        self.write(w, b)

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before. `batch` is not looked at."""
        # 1. predict
        e = self.v - self.best
        # 2. loss
        loss = self.floor + e @ self.H @ e
        # 3. gradient
        dv = 2 * self.H @ e
        # 4. update
        self.v -= self.learning_rate * dv
        return float(loss)

    def read(self) -> tuple[Array, float]:
        """Copies of w and b."""
        return (self.v[:-1].copy(), float(self.v[-1])) if self.bias else (self.v.copy(), 0.0)

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters."""
        self.v = np.append(w, b) if self.bias else w.copy()
