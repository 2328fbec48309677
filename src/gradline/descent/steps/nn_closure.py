"""Rung 3 for optimizers that ask for the loss themselves, several times a step: L-BFGS, with its closure."""

from __future__ import annotations

from torch import Tensor

from gradline.data.batch import Batch
from gradline.descent.rung3_nn import ByNN
from gradline.solution import Array


class ByClosure:
    """The four stages of `ByNN`, the first three handed to the optimizer as a function."""

    def __init__(self, rung: ByNN) -> None:
        self.rung, self.optimizer = rung, rung.optimizer

    def step(self, batch: Batch) -> float:
        """Move once, however often the optimizer looks; return the loss before."""
        X, y, share = self.rung.tensors(batch)

        def closure() -> Tensor:
            # 1. predict
            p = self.rung.model(X)
            # 2. loss
            loss: Tensor = (share @ self.rung.criterion(p, y.view(-1, 1))).sum()
            # 3. gradient
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
            return loss

        # 4. update
        before: Tensor = self.optimizer.step(closure)  # type: ignore[arg-type, assignment]  # torch says float
        return float(before.item())

    def read(self) -> tuple[Array, float]:
        """See `ByNN`."""
        return self.rung.read()

    def write(self, w: Array, b: float) -> None:
        """See `ByNN`."""
        self.rung.write(w, b)
