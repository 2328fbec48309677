"""Stop where the loss on held-out rows no longer falls, and go back to where it was lowest.

Prechelt (1998), Early Stopping - But When?, in Neural Networks: Tricks of the Trade, LNCS 1524: criterion UP with a
patience of passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradline.solution import Array, Status


class EarlyStopping:
    """Watches the held-out loss after each pass.

    Attributes
    ----------
    losses : list of float
        After each pass.
    best : (w, b) or None
        The parameters of the lowest of them, as the engine reads them.
    """

    def __init__(self, held_out_loss: Callable[[Array, float], float], patience: int) -> None:
        self._held_out_loss = held_out_loss
        self._patience = patience
        self.losses: list[float] = []
        self.best: tuple[Array, float] | None = None

    def after_pass(self, w: Array, b: float) -> Status | None:
        """VALIDATION once `patience` passes in a row have not been better than the best before them."""
        loss = self._held_out_loss(w, b)
        if loss < min(self.losses, default=math.inf):
            self.best = w, b
        self.losses.append(loss)
        return None if self.patient else Status.VALIDATION

    @property
    def patient(self) -> bool:
        """Would it go on?"""
        return len(self.losses) - self.best_pass < self._patience

    @property
    def best_pass(self) -> int:
        """Counted from 1; 0 where no loss was a number."""
        if self.best is None:
            return 0
        return int(np.nanargmin(self.losses)) + 1

    def state_dict(self) -> dict[str, Any]:
        """All it remembers."""
        return {"losses": list(self.losses), "best": None if self.best is None else list(self.best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.losses = [float(loss) for loss in state["losses"]]
        self.best = None if state["best"] is None else (np.array(state["best"][0]), float(state["best"][1]))
