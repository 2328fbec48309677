"""Small hostile tables whose answers are known: NIST's, and three that anyone may have."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.digits import least_squares

LONGLEY = Path(__file__).with_name("longley.csv")
LONGLEY_CERTIFIED = (
    "-3482258.63459582",
    "15.0618722713733",
    "-0.0358191792925910",
    "-2.02022980381683",
    "-1.03322686717359",
    "-0.0511041056535807",
    "1829.15146461355",
)
# NIST's fixed noise of Wampler3, 4, 5, times 1, 100 and 10 000.
WAMPLER_NOISE = (759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048)
WAMPLER_NOISE += WAMPLER_NOISE[-2::-1]
NEED_THE_FOLDER = ("Norris", "Pontius", "NoInt1", "NoInt2", "Filip")


@dataclass(frozen=True, eq=False)
class Problem:
    """A table and what is known of its answer.

    Attributes
    ----------
    x : (n, columns) float64
        As given; with a degree, one column.
    degree : int
        Columns of the design: x, x^2 .. x^degree, by repeated multiplication.
    certified : tuple of Fraction or None
        For the numbers as published, before they were rounded to float64; intercept first, where there is one.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    degree: int = 1
    intercept: bool = True
    certified: tuple[Fraction, ...] | None = None
    nist: bool = True

    @cached_property
    def design(self) -> np.ndarray:
        """(n, p) float64, what every tool gets."""
        if self.degree == 1:
            return self.x
        return np.cumprod(np.repeat(self.x, self.degree, axis=1), axis=1)

    @cached_property
    def of_design(self) -> list[Fraction]:
        """The exact answer for the float64 design."""
        return least_squares(self.design.tolist(), self.y.tolist(), self.intercept)

    @cached_property
    def of_raw_x(self) -> list[Fraction]:
        """The exact answer for exact powers of the float64 x."""
        rows = [[Fraction(x) ** k for k in range(1, self.degree + 1)] for x in self.x[:, 0].tolist()]
        return least_squares(rows, self.y.tolist(), self.intercept)


def problems(nist_folder: Path | None) -> list[Problem]:
    """Those that are always there, and the rest of NIST's where a folder has them."""
    read = [from_nist(nist_folder / f"{name}.json") for name in NEED_THE_FOLDER] if nist_folder else []
    return [*read, longley(), *(wampler(k) for k in range(1, 6)), years(), unix_time(), mixed_units()]


def from_nist(path: Path) -> Problem:
    """A set as JSON: `x` (numbers, or rows of numbers), `y`, `degree`, `intercept`, `certified.coef`."""
    values = json.loads(path.read_text(encoding="utf-8"))
    exact = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    x = np.array(values["x"], dtype=float)
    return Problem(
        values["name"],
        x if x.ndim == 2 else x[:, None],
        np.array(values["y"], dtype=float),
        values["degree"],
        values["intercept"],
        tuple(Fraction(c) for c in exact["certified"]["coef"]),
    )


def longley() -> Problem:
    with LONGLEY.open(encoding="utf-8", newline="") as file:
        table = np.array([[float(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    return Problem("Longley", table[:, :-1], table[:, -1], certified=tuple(map(Fraction, LONGLEY_CERTIFIED)))


def wampler(k: int) -> Problem:
    """y = sum_{i=0..5} (c x)^i + noise, x = 0 .. 20; c = 1, in Wampler2 0.1; noise in 3, 4 and 5 alone."""
    c = Fraction(1, 10) if k == 2 else Fraction(1)
    noise = [100 ** (k - 3) * v for v in WAMPLER_NOISE] if k >= 3 else [0] * 21
    y = [float(sum((c * x) ** i for i in range(6)) + noise[x]) for x in range(21)]
    certified = tuple(c**i for i in range(6))
    return Problem(f"Wampler{k}", np.arange(21.0)[:, None], np.array(y), 5, certified=certified)


def years() -> Problem:
    """y = 3 + 2 s + s^2 / 2, s = year - 1960, years 1900 .. 2024 eight times: exact in float64."""
    year = np.tile(np.arange(1900.0, 2025.0), 8)
    y = 3 + 2 * (year - 1960) + (year - 1960) ** 2 / 2
    certified = (Fraction(3 - 2 * 1960 + 1960**2 // 2), Fraction(2 - 1960), Fraction(1, 2))
    return Problem("year + year²", year[:, None], y, 2, certified=certified, nist=False)


def unix_time() -> Problem:
    """y = 3 + (t - 1.7e9) / 2, a time stamp t a minute from 1.7e9 s on: exact in float64."""
    seconds = 60.0 * np.arange(1000)
    certified = (Fraction(3 - 850_000_000), Fraction(1, 2))
    return Problem("unix time", 1.7e9 + seconds[:, None], 3 + seconds / 2, certified=certified, nist=False)


def mixed_units() -> Problem:
    """y = 1e-6 revenue + 3 z + noise; revenue ~ N(5e6, 2e6), z and the noise ~ N(0, 1)."""
    rng = np.random.default_rng(3)
    revenue, z, noise = 5e6 + 2e6 * rng.standard_normal(1000), rng.standard_normal(1000), rng.standard_normal(1000)
    return Problem("mixed units", np.column_stack([revenue, z]), 1e-6 * revenue + 3 * z + noise, nist=False)
