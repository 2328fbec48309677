"""Heavy-ball momentum around any engine, and what it does to the error of a quadratic.

    v_(k+1) = v_k - rate * gradient(v_k) + momentum * (v_k - v_(k-1))            (Polyak 1964, equation 9)

which is `torch.optim.SGD(momentum=...)`. Along a direction of curvature c the error obeys
e_(k+1) = (1 + momentum - rate c) e_k - momentum e_(k-1): it shrinks exactly where 0 < rate < 2 (1 + momentum) / c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradline.data.batch import Batch
from gradline.descent.engine import Engine
from gradline.solution import Array


class HeavyBall:
    """An engine that keeps `momentum` (0 .. 1, exclusive) of its last movement at every step."""

    def __init__(self, engine: Engine, momentum: float) -> None:
        self.engine = engine
        self.momentum = momentum
        self._last = engine.read()

    def step(self, batch: Batch) -> float:
        """The engine's own step, then a push along the last one."""
        (w_last, b_last), (w, b) = self._last, self.engine.read()
        loss = self.engine.step(batch)
        w_next, b_next = self.engine.read()
        self.engine.write(w_next + self.momentum * (w - w_last), b_next + self.momentum * (b - b_last))
        self._last = w, b
        return loss

    def at_another_rate(self, times: float) -> None:
        """What it keeps are gradients, as torch's SGD does: so many `times` the rate moves it so many times as far."""
        (w_last, b_last), (w, b) = self._last, self.engine.read()
        self._last = w - times * (w - w_last), b - times * (b - b_last)

    def read(self) -> tuple[Array, float]:
        """Of the engine."""
        return self.engine.read()

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters, at rest."""
        self.engine.write(w, b)
        self._last = self.engine.read()

    def state_dict(self) -> dict[str, Any]:
        """Where it came from: with the parameters, all it remembers."""
        return {"w": self._last[0], "b": self._last[1]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._last = np.array(state["w"]), float(state["b"])


def companions(rate: float, curvatures: Array, momentum: float) -> Array:
    """(k, 2, 2) matrices that take (e_k, e_(k-1)) to (e_(k+1), e_k), one for each curvature."""
    steps = np.zeros((len(curvatures), 2, 2))
    steps[:, 0, 0] = 1.0 + momentum - rate * curvatures
    steps[:, 0, 1] = -momentum
    steps[:, 1, 0] = 1.0
    return steps


def factor(rate: float, curvature: float, momentum: float) -> float:
    """What a step multiplies the error by, in the long run; negative where it changes sides.

    Examples
    --------
    >>> factor(0.5, 1.0, momentum=0.0), round(factor(0.5, 1.0, momentum=0.36), 2), factor(3.0, 1.0, momentum=0.0)
    (0.5, 0.6, -2.0)
    """
    if momentum == 0.0:
        return 1.0 - rate * curvature
    roots = np.linalg.eigvals(companions(rate, np.array([curvature]), momentum)[0])
    largest = roots[np.argmax(np.abs(roots))]
    return float(largest.real) if largest.imag == 0.0 else float(abs(largest))
