"""The page in a notebook, or anywhere there are arrays."""

from __future__ import annotations

import html
import os
from typing import Any

import numpy as np

from gradline.data.arrays import ArraySource
from gradline.data.source import Source
from gradline.errors import DataError
from gradline.report.lab.facts import Facts, Setup
from gradline.report.lab.names import labels, shown
from gradline.report.lab.page import write
from gradline.report.page_file import write_page

LARGEST = 1e100  # of a start, as the page's own fields take it (state.js): a loss is its square


class Lab:
    """A page that shows gradient descent on a table; a notebook displays it, `save` writes it.

    Attributes
    ----------
    html : str
        The whole file.
    """

    def __init__(self, source: Source, setup: Setup) -> None:
        self._what = f"{shown(source.target_name)} by {', '.join(labels(source.feature_names)[:3])}"
        self.html = write(Facts.of(source, setup))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, which opens in any browser, without a network.

        Raises
        ------
        DataError
            Where it cannot be written; what was there stays.
        """
        write_page(path, self.html, "lab.html")

    def __repr__(self) -> str:
        return f"Lab({self._what!r}, {len(self.html.encode('utf-8')) / 1000:.0f} kB; save('lab.html') writes it)"

    def _repr_html_(self) -> str:
        """In a frame of its own, which sees nothing of the notebook."""
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" sandbox="allow-scripts" title="gradline lab" '
            'style="width:100%;height:900px;border:0"></iframe>'
        )


def lab(
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    fit_intercept: bool = True,
    start: tuple[float, float] = (0.0, 0.0),
) -> Lab:
    """Show gradient descent on a table: a page with linked views of every step, for a notebook or a file.

    Parameters
    ----------
    X : (rows, features) or (rows,), or a Source
        Arrays and tables as the estimators take them; of a source `y` is None.
    y : (rows,)
    sample_weight : (rows,)
        How much each row counts, as to the estimators; the area of a point is its weight. Of a source, its own.
    fit_intercept : bool
        What the page opens with; the reader may change it.
    start : (float, float)
        Where the slope (all slopes) and the intercept begin.

    Returns
    -------
    Lab

    Raises
    ------
    DataError
        Where there are more than 200 features, no line is determined, or `start` is not two numbers below 1e100.

    Examples
    --------
    >>> x = [1.0, 3.0, 10.0, 13.0, 7.0]
    >>> page = lab(x, [2.0, 6.0, 20.0, 26.0, 14.0], fit_intercept=False, start=(0.5, 0.0))
    >>> "the learning rate must stay below 0.01524" in page.html
    True
    """
    setup = Setup(fit_intercept=fit_intercept, start=_two_numbers(start))
    if isinstance(X, Source):
        return Lab(X, setup)
    if not hasattr(X, "columns") and np.ndim(X) == 1:
        X = np.asarray(X)[:, None]
    return Lab(ArraySource(X, y, sample_weight, leaves_out=None), setup)


def _two_numbers(start: Any) -> tuple[float, float]:
    try:
        slope, constant = map(float, start)
        if abs(slope) < LARGEST and abs(constant) < LARGEST:
            return slope, constant
    except (TypeError, ValueError):
        pass
    raise DataError(
        f"start is {start!r}, where two numbers of size below {LARGEST:g} are expected: a slope and an intercept",
        hint="begin nearer, as at start=(0.0, 0.0)",
    )
