"""A fitted estimator's report: the page that `gradline fit --report` writes, from Python."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from gradline.data.source import Source, is_source
from gradline.descent.fit import Descent
from gradline.diagnostics.covariance import Spec, checked
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.errors import DataError
from gradline.estimators.rows_again import RowsAgain
from gradline.moments.precision import Statistics
from gradline.report.page.document import refuse_path
from gradline.report.page.of_fit import write_report_of

UNKNOWN = "the model does not know its rows, as one that was loaded, copied or made of statistics"


class Making(NamedTuple):
    """How a fit was made; `statistics` are None where no sums over pairs of columns were kept."""

    fit_intercept: bool
    statistics: Statistics | None
    descent: Descent | None = None
    engine: str | None = None
    seed: int | None = None


class Reported(RowsAgain):
    """Writes the report of a fit, from `summary`, a second look at its rows, and `_making`."""

    def report(
        self,
        path: str | os.PathLike[str],
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        covariance: Spec = "classical",
    ) -> None:
        """Write a page that says what the answer is, whether to trust it and what to do: see docs/report.md.

        It reads the rows of the fit again, up to twice. Where they are not at hand the page says so, and has what the
        statistics tell.

        Parameters
        ----------
        path : path
            One HTML file, which opens in any browser without a network; written whole or not at all.
        X, y, sample_weight
            The rows of the fit, or their source; default: those of the last `fit`.
        covariance
            As `summary` takes it.

        Raises
        ------
        DataError
            Where the file cannot be written, the rows given are not those of the fit, or there is no such covariance.

        Examples
        --------
        >>> import numpy as np
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from gradline import LinearRegression
        >>> x = np.linspace(0.0, 9.0, 40)
        >>> model = LinearRegression().fit(x[:, None], x**2 + np.tile([1.0, -1.0, -1.0, 1.0], 10))
        >>> with TemporaryDirectory() as folder:
        ...     model.report(f"{folder}/report.html")
        ...     "A sign of curvature: middle below, ends above" in Path(f"{folder}/report.html").read_text()
        True
        """
        refuse_path(path)
        summary: Any = self.summary()  # type: ignore[attr-defined]
        rows = self._rows_or_why(None if X is None else (X, y, sample_weight))
        asked = None if checked(covariance).kind == "classical" else covariance
        diagnosis = rows if isinstance(rows, str) else self._second_look(rows, asked)
        if isinstance(diagnosis, str):  # as a model file may have kept it; else it says what is missing
            summary = summary if asked is None else self.summary(covariance=asked)  # type: ignore[attr-defined]
        elif diagnosis.robust is not None:
            summary = summary.judged_by(diagnosis.robust)
        making = self._making()
        write_report_of(
            path,
            summary,
            diagnosis,
            rows,
            statistics=making.statistics,
            fit_intercept=making.fit_intercept,
            command=self._call(rows),
            descent=making.descent,
            engine=making.engine,
            seed=making.seed,
        )

    def _rows_or_why(self, data: Any) -> Source | str:
        if data is None and self._rows is None:
            return UNKNOWN
        try:
            return self._rows_for(data, "a second look")
        except DataError as error:
            if data is not None:
                raise
            return error.message

    def _call(self, rows: Source | str) -> str:
        """How the fit was made, as Python."""
        given = "X, y"
        if not isinstance(rows, str) and self._rows is not None and is_source(self._rows[0]):
            given = f"open_source({rows.name!r}, target={rows.target_name!r}, ...)"
        return f"{self!r}.fit({given})"

    def _rows_for(self, data: Any, what: str) -> Source:
        """The rows that were fitted, as a source."""
        raise NotImplementedError

    def _second_look(self, rows: Source, covariance: Spec | None) -> Diagnosis | str:
        raise NotImplementedError

    def _making(self) -> Making:
        raise NotImplementedError
