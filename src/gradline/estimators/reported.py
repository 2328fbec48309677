"""What a second look at the rows of a fitted estimator tells: the diagnosis, and the report."""

from __future__ import annotations

import os
from typing import Any

from sklearn.utils.validation import check_is_fitted

from gradline.data.source import Source, is_source
from gradline.diagnostics.covariance import Spec, checked
from gradline.diagnostics.diagnosis import Diagnosis
from gradline.errors import DataError
from gradline.estimators.rows_again import RowsAgain
from gradline.report.made import Made
from gradline.report.page.document import EXAMPLE
from gradline.report.page.of_fit import write_report_of
from gradline.report.page_file import refuse_path
from gradline.report.second_look import look_again, look_again_or_why
from gradline.report.summary import Summary

UNKNOWN = "the model does not know its rows, as one that was loaded, copied or made of statistics"


class Reported(RowsAgain):
    """Diagnoses and reports a fit, from `summary`, its rows, and how it was made."""

    def diagnose(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        top: int = 10,
        folds: int = 10,
        ordered: bool = False,
        covariance: Spec | None = None,
    ) -> Diagnosis:
        """Read the rows of the fit once more, and say whether to trust it: `print` it, or take `as_dict()`.

        Verdicts are about least squares: after a descent on another loss, or one that ended short of the answer, rows
        are named but not judged.

        Parameters
        ----------
        X, y, sample_weight
            The rows of the fit, or their source; default: those of the last `fit`.
        top : int
            How many of the most remarkable rows are named.
        folds : int
            K of the K-fold error; below 2: none.
        ordered : bool
            Rows are in the order of time: Durbin-Watson is meant.
        covariance : optional
            One that the same pass is to find, as `summary` takes it.

        Raises
        ------
        DataError
            Where the rows are not at hand, or others than those of the fit; after a descent on more than 2048 features.

        Examples
        --------
        >>> import numpy as np
        >>> from gradline import GradientDescentRegressor, LinearRegression
        >>> X = np.linspace(0.0, 9.0, 40)[:, None]
        >>> y = X[:, 0] ** 2 + np.tile([1.0, -1.0, -1.0, 1.0], 10)
        >>> LinearRegression().fit(X, y).diagnose().check("curvature").seen
        'A sign of curvature: middle below, ends above (RESET p < 0.0001).'
        >>> GradientDescentRegressor().fit(X, y).diagnose().check("curvature").sign
        True
        """
        check_is_fitted(self)
        rows = self._rows_for(None if X is None else (X, y, sample_weight), "a diagnosis")
        found = look_again(self._made(), rows, top=top, folds=folds, ordered=ordered, covariance=covariance)
        if isinstance(found, str):
            raise DataError(f"there is no diagnosis: {found}", hint="fit with LinearRegression, or let it end")
        return found

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
        refuse_path(path, EXAMPLE)
        summary: Any = self.summary()  # type: ignore[attr-defined]  # each estimator's own
        rows = self._rows_or_why(None if X is None else (X, y, sample_weight))
        asked = None if checked(covariance).kind == "classical" else covariance
        made = self._made()
        known = asked if isinstance(summary, Summary) and summary.trusted else None  # else no tests, by any covariance
        diagnosis = rows if isinstance(rows, str) else look_again_or_why(made, rows, covariance=known)
        if isinstance(diagnosis, str):  # as a model file may have kept it; else it says what is missing
            summary = summary if asked is None else self.summary(covariance=asked)  # type: ignore[attr-defined]  # each estimator's own
        elif diagnosis.robust is not None:
            summary = summary.judged_by(diagnosis.robust)
        write_report_of(path, made, summary, diagnosis, rows, command=self._call(rows))

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
        given, model = "X, y", self
        if not isinstance(rows, str) and self._rows is not None and is_source(self._rows[0]):
            given = f"open_source({rows.name!r}, target={rows.target_name!r}, ...)"
        if self._rows is not None and self._fitted_with is not None:
            model = type(self)(**self._fitted_with)
        return f"{model!r}.fit({given})"

    def _rows_for(self, data: Any, what: str) -> Source:
        """The rows that were fitted, as a source."""
        raise NotImplementedError

    def _made(self) -> Made:
        """The last fit."""
        raise NotImplementedError
