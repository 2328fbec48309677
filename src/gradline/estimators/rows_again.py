"""The rows of a fit, for what needs them a second time."""

from __future__ import annotations

from typing import Any

from gradline.data.parted import PartedSource
from gradline.data.source import Source, comes_once, is_source
from gradline.data.weighting import Weights
from gradline.errors import DataError
from gradline.estimators.rows import as_fitted, as_source


class RowsAgain:
    """Refers to the rows of the last fit, without a copy of them; what is pickled, copied or saved does not.

    Whoever changes rows in between is told so: the pass proves that they are those of the fit.
    """

    _rows: tuple[Any, Any, Any] | None = None
    _opened: Source | None = None  # those rows, where they lie in parts: it knows how many are in each
    _weights_met: Weights = "analytic"
    _fitted_with: dict[str, Any] | None = None  # the parameters, which may have been set anew since

    def __getstate__(self) -> dict[str, Any]:
        parent: Any = super()
        state: dict[str, Any] = dict(parent.__getstate__())
        for heavy in ("_rows", "_opened", "_fitted_with", "_descent"):
            state.pop(heavy, None)
        return state

    def _remember(
        self, X: Any, y: Any, sample_weight: Any, weights: Weights = "analytic", opened: Source | None = None
    ) -> None:
        parent: Any = super()
        self._rows, self._weights_met, self._fitted_with = (X, y, sample_weight), weights, parent.get_params(deep=False)
        self._opened = opened if isinstance(opened, PartedSource) else None

    def _read_again(self, data: Any, what: str) -> Source:
        """The rows of the fit as a source: `data` (X, y), (X, y, sample_weight) or a source; None: those remembered.

        Raises
        ------
        DataError
            Where there are none.
        """
        rows = self._rows if data is None else _three(data)
        if rows is None:
            raise DataError(
                f"{what} needs the rows of the fit a second time, and a model that was loaded, copied or made of "
                "statistics knows none, nor does one whose rows came bit by bit",
                hint="give them: data=(X, y), or data=source",
            )
        X, y, sample_weight = rows
        if data is None and self._opened is not None:
            return as_fitted(self, self._opened)
        if is_source(X):
            if comes_once(X):
                raise DataError(
                    f"{what} needs the rows a second time, and {X.name} can be read only once",
                    hint="write the rows to a file, and fit that",
                )
            return as_fitted(self, X)
        if getattr(self, "_design", None) is not None:
            raise DataError(
                "the columns of this fit were made of a table, which X, y is not",
                hint="data=open_source(table, target=...) makes them again",
            )
        return as_source(
            self, X, y, sample_weight, missing=getattr(self, "missing", "error"), reset=False, weights=self._weights_met
        )


def _three(data: Any) -> tuple[Any, Any, Any]:
    if is_source(data):
        return data, None, None
    if isinstance(data, tuple) and len(data) in (2, 3):
        X, y, *weight = data
        return X, y, weight[0] if weight else None
    raise DataError(f"data is a {type(data).__name__}, expected (X, y), (X, y, sample_weight) or a source")
