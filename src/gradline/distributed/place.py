"""Where a process stands among several: torchrun writes it into the environment, and nothing else is believed."""

from __future__ import annotations

import os
from typing import NamedTuple

from gradline.errors import DataError


class Place(NamedTuple):
    """Which of how many processes this is, and where they meet: what torchrun writes into the environment."""

    rank: int
    size: int
    address: str
    port: int
    local_rank: int

    @classmethod
    def of_environment(cls) -> Place | None:
        """None where RANK, WORLD_SIZE and MASTER_ADDR are not all there: this process was started by itself.

        Raises
        ------
        DataError
            Where they are there and cannot be.
        """
        if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= set(os.environ):
            return None
        rank, size = _number("RANK", 0), _number("WORLD_SIZE", 1)
        if rank >= size:
            raise DataError(f"RANK is {rank}, expected a number below WORLD_SIZE, which is {size}")
        return cls(
            rank,
            size,
            os.environ["MASTER_ADDR"],
            _number("MASTER_PORT", 1),
            _number("LOCAL_RANK", 0, rank),
        )


def _number(name: str, least: int, default: int | None = None) -> int:
    text = os.environ.get(name, "" if default is None else str(default))
    if not text.isdecimal() or int(text) < least:
        raise DataError(f"{name} is {text!r}, expected a whole number of at least {least}: torchrun sets it")
    return int(text)
