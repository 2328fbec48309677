"""Stop where the loss on held-out rows no longer falls, and go back to where it was lowest.

Prechelt (1998), Early Stopping - But When?, in Neural Networks: Tricks of the Trade, LNCS 1524: criterion UP with a
patience of passes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradline.descent.engine import Engine
from gradline.descent.watching.resume import Remembers
from gradline.solution import Array, Status


class EarlyStopping:
    """Watches the held-out loss after each pass.

    Parameters
    ----------
    held_out_loss : (w, b) -> float
    patience : int
    beside : Remembers, optional
        What changes beside the parameters that an engine reads: of a module the means of batch normalisation.

    Attributes
    ----------
    losses : list of float
        After each pass.
    best : (w, b) or None
        The parameters of the lowest of them, as the engine reads them.
    best_pass : int
        Of the lowest, counted from 1; 0 where no loss was a number.
    """

    def __init__(
        self, held_out_loss: Callable[[Array, float], float], patience: int, beside: Remembers | None = None
    ) -> None:
        self._held_out_loss = held_out_loss
        self._patience = patience
        self._beside = beside
        self._best_beside: dict[str, Any] | None = None
        self.losses: list[float] = []
        self.best: tuple[Array, float] | None = None
        self.best_pass, self._lowest = 0, math.inf

    def after_pass(self, w: Array, b: float) -> Status | None:
        """VALIDATION once `patience` passes in a row have not been better than the best before them."""
        loss = self._held_out_loss(w, b)
        self.losses.append(loss)
        if loss < self._lowest:
            self.best, self.best_pass, self._lowest = (w, b), len(self.losses), loss
            if self._beside is not None:
                self._best_beside = copy.deepcopy(self._beside.state_dict())
        return None if self.patient else Status.VALIDATION

    @property
    def patient(self) -> bool:
        """Would it go on?"""
        return len(self.losses) - self.best_pass < self._patience

    def go_back(self, engine: Engine) -> tuple[Array, float] | None:
        """To where the loss was lowest; None where no loss was a number."""
        if self.best is None:
            return None
        engine.write(*self.best)
        if self._beside is not None and self._best_beside is not None:
            self._beside.load_state_dict(self._best_beside)
        return self.best

    def state_dict(self) -> dict[str, Any]:
        """All it remembers."""
        best = None if self.best is None else list(self.best)
        return {"losses": list(self.losses), "best": best, "beside": self._best_beside}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.losses = [float(loss) for loss in state["losses"]]
        self.best = None if state["best"] is None else (np.array(state["best"][0]), float(state["best"][1]))
        self.best_pass = 0 if self.best is None else int(np.nanargmin(self.losses)) + 1
        self._lowest = self.losses[self.best_pass - 1] if self.best_pass else math.inf
        self._best_beside = state["beside"]
