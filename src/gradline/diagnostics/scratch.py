"""Memory that a thread uses again for each block: to have it anew costs more than much of what is computed there."""

from __future__ import annotations

import math
import threading

import numpy as np

from gradline.solution import Array

PASSING = "passing"  # for what one function makes and is done with


class Scratch(threading.local):
    """Arrays by name, other ones in each thread; what is in them lasts until the same thread asks for the name again.

    Examples
    --------
    >>> scratch = Scratch()
    >>> z = scratch.array("z", 2, 3)
    >>> z[:] = 7.0
    >>> scratch.array("z", 4)
    array([7., 7., 7., 7.])
    """

    def __init__(self) -> None:
        self._held: dict[str, Array] = {}

    def array(self, name: str, *shape: int) -> Array:
        """An array of this shape, with anything in it."""
        size = math.prod(shape)
        if name not in self._held or len(self._held[name]) < size:
            self._held[name] = np.empty(size)
        return self._held[name][:size].reshape(shape)
