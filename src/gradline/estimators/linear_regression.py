"""The exact way as a scikit-learn estimator."""

from __future__ import annotations

import os
import warnings
from numbers import Integral
from typing import Any, Literal, Self

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from gradline.data.cells import a_kind
from gradline.data.columns.design import design_of, intercept_of
from gradline.data.columns.terms import Terms
from gradline.data.skipped import NONE, Skipped
from gradline.data.source import Source, is_source
from gradline.data.tables import held
from gradline.data.tally import Missing
from gradline.data.weighting import Weighting, Weights
from gradline.diagnostics.covariance import Robust, Spec, checked
from gradline.errors import CollinearityWarning, DataError, DataWarning
from gradline.estimators.elsewhere import Elsewhere
from gradline.estimators.exported import Exported
from gradline.estimators.reported import Reported
from gradline.estimators.rows import (
    as_source,
    dense_rows,
    feature_names,
    learn_columns,
    predict,
    refuse_other_features,
    rows_like_those_fitted,
    set_columns,
)
from gradline.estimators.saved import as_saved
from gradline.model_file import write_model
from gradline.moments.classical import infer
from gradline.moments.exact import ExactMoments
from gradline.moments.inference import Inference
from gradline.moments.levels import aligned, without_empty_levels
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass
from gradline.moments.polynomial import horner, names_of_powers, powers
from gradline.moments.precision import ENOUGH_DIGITS, Statistics, gather, gather_powers
from gradline.moments.squares import SquaresError
from gradline.report.made import Made
from gradline.report.second_look import judge_again
from gradline.report.summary import Names, Summary, refuse_reserved
from gradline.solution import Array, Solution


class LinearRegression(Exported, Reported, Elsewhere, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Least squares from sufficient statistics: one pass, certified digits, rows added and removed exactly.

    Minimises sum_i weight_i (x_i w + b - y_i)^2 by solving the normal equations of centred, scaled sums.

    Parameters
    ----------
    fit_intercept : bool
    precision : {"auto", "float64", "exact"}
        "float64" is fast, with an estimate of the digits that rounding leaves. "exact" keeps sums of integers:
        coefficients are the exact solution rounded once, the same bits in any order, chunking or sharding. "auto"
        takes float64 and reads once more exactly where fewer than 9 digits are certain; `partial_fit` is exact from
        the start, as rows that are gone cannot be read again.
    missing : {"error", "drop"}
        Rows with NaN or infinite cells: an error that counts them, or left out and counted in `n_dropped_`.
    polynomial : int >= 1
        Degree: above 1, X is one column x and the coefficients are those of x, x^2 .. x^degree, from the exact sums of
        unrounded powers (always exact, whatever `precision` says). Powers rounded to float64 have lost digits before
        any solver runs: seven of NIST's Filip. `predict` evaluates by Horner's rule in float64, right to about
        `eps * sum |coef_k x^k|`; `predict_interval` forms rounded powers.
    weights : {"analytic", "frequency"}
        What a `sample_weight` of 3 says: "analytic", that the row is as precise as the mean of three (as R's `lm` and
        statsmodels' `WLS`); "frequency", that it was met three times: all figures are those of the repeated rows.

    Attributes
    ----------
    coef_ : (n_features,) or (polynomial,) float64
    intercept_ : float
    rank_ : int
        Of X, centred where there is an intercept.
    digits_ : float
        Correct significant digits of the worst coefficient: certified with precision "exact", otherwise at least
        about so many (of a coefficient below a millionth of its standard error, digits of that millionth).
    condition_number_ : float
        Of X, centred, columns scaled to length one.
    n_samples_, n_dropped_ : int
        Rows in the statistics (of weight above zero), and rows left out by the last fit.
    moments_ : Moments or ExactMoments
        The statistics: add, subtract, save them; `LinearRegression.from_moments` fits again without the data.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    DataError
        For data that no fit can use: the message names the column, the row and the value.

    Warns
    -----
    CollinearityWarning
        Where a column is an exact combination of columns before it: which ones, by name. It gets the coefficient 0,
        the others are least squares without it (R sets it to NA); predictions are the same as of any other choice.
        Also where columns are collinear but for their last digits (condition number above 1e12).
    DataWarning
        Where a coefficient leaves the range of float64.

    Notes
    -----
    A source opened on a table brings categories, dates, a formula and weights of its own: see `gradline.open_source`;
    `predict` then takes tables with those columns too, and `partial_fit` levels not met before. Memory does not grow
    with the rows: p^2 numbers a thread.

    References
    ----------
    Chan, Golub, LeVeque (1983) for sums about a shift; Ozaki, Ogita, Oishi, Rump (2012) for exact products by BLAS.

    Examples
    --------
    >>> fit = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
    >>> fit.coef_, round(fit.intercept_, 12)
    (array([1.96]), 1.1)
    >>> fit = fit.partial_fit([[5.0]], [11.0])
    >>> fit.n_samples_, round(float(fit.predict([[6.0]])[0]), 2)
    (5, 12.94)
    """

    _kept_covariance: Robust | None = None  # from a model file

    _parameter_constraints = {  # noqa: RUF012  # scikit-learn's name and form
        "fit_intercept": ["boolean"],
        "precision": [StrOptions({"auto", "float64", "exact"})],
        "missing": [StrOptions({"error", "drop"})],
        "weights": [StrOptions({"analytic", "frequency"})],
        "polynomial": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        precision: str = "auto",
        missing: Missing = "error",
        polynomial: int = 1,
        weights: Weights = "analytic",
    ) -> None:
        self.fit_intercept = fit_intercept
        self.precision = precision
        self.missing = missing
        self.polynomial = polynomial
        self.weights = weights

    @classmethod
    def from_moments(cls, moments: Statistics, *, fit_intercept: bool = True) -> Self:
        """A fitted estimator from statistics alone: merged shards, a saved file, `whole - part`.

        Raises
        ------
        DataError
            Where they are no statistics, or of no rows.

        Examples
        --------
        >>> january = ExactMoments.of([[1.0], [2.0]], [3.0, 5.0])
        >>> february = ExactMoments.of([[4.0]], [9.0])
        >>> LinearRegression.from_moments(january + february).coef_
        array([2.])
        """
        if not isinstance(moments, Moments | ExactMoments):
            raise DataError(
                f"{a_kind(moments)} holds no statistics, expected Moments or ExactMoments",
                hint="Moments.of(X, y) makes them, Moments.from_json(text) reads them",
            )
        kind = "exact" if isinstance(moments, ExactMoments) else "float64"
        model = cls(fit_intercept=fit_intercept, precision=kind)
        model.n_features_in_, model._design = moments.n_features, None
        return model._settle(moments, moments.solve(fit_intercept=fit_intercept))

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit to these rows alone.

        Parameters
        ----------
        X : (n_samples, n_features) array, DataFrame or Arrow table; or a source, then y=None
        y : (n_samples,) array
        sample_weight : (n_samples,) array, optional
            Finite, not negative; a row of weight zero is no row.

        Examples
        --------
        >>> import gradline
        >>> houses = {"sqft": [50, 80, 120], "price": [1.1, 1.7, 2.5]}
        >>> LinearRegression().fit(gradline.open_source(houses, target="price")).coef_
        array([0.02])
        """
        self._validate_params()
        X = held(X)  # to be read again
        source = as_source(self, X, y, sample_weight, missing=self.missing, look=False, weights=self.weights)
        intercept = intercept_of(source, self.fit_intercept)
        if self.polynomial > 1:
            moments: Statistics = gather_powers(source, self.polynomial)
            solution = moments.solve(fit_intercept=intercept)
        else:
            moments, solution = gather(source, fit_intercept=intercept, precision=self.precision)
        if is_source(X):
            learn_columns(self, source)
        self._settle(moments, solution, source, intercept)
        self._remember(X, y, sample_weight, self._fitted_weights, source)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Add these rows to what was fitted before.

        Examples
        --------
        >>> model = LinearRegression().partial_fit([[1.0], [2.0]], [3.0, 5.0]).partial_fit([[4.0]], [9.0])
        >>> model.coef_, model.n_samples_
        (array([2.]), 3)
        """
        return self._change(X, y, sample_weight, sign=1)

    def forget(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Remove these rows again; whether they were there is not known, what cannot have been is refused.

        Exact where the statistics are: with precision "exact", and under "auto" where rows came by `partial_fit` or
        `fit` escalated. After a plain float64 `fit` under "auto" it is right to the digits it certifies, and an error
        where these would be fewer than 9.

        Examples
        --------
        >>> model = LinearRegression(precision="exact").fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 0.0])
        >>> model.forget([[4.0]], [0.0]).predict([[4.0]])
        array([9.])
        """
        check_is_fitted(self)
        return self._change(X, y, sample_weight, sign=-1)

    def predict(self, X: Any) -> Any:
        """`X @ coef_ + intercept_`, or the polynomial at x; shape (n_samples,).

        Of a Dask DataFrame or Array a lazy Series or Array.

        Examples
        --------
        >>> LinearRegression().fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 9.0]).predict([[10.0]])
        array([21.])
        """
        check_is_fitted(self)
        if (predicted := self._predicted_elsewhere(X)) is not None:
            return predicted
        return predict(self, X)

    def _predictions(self, X: Any) -> Array:
        if self._fitted_degree == 1:
            return super()._predictions(X)
        return horner(dense_rows(X)[:, 0], self.coef_, self.intercept_)

    def predict_interval(
        self, X: Any, *, confidence: float = 0.95, kind: Literal["prediction", "confidence"] = "prediction"
    ) -> Array:
        """(n_samples, 2) limits for a new y at each row (kind="prediction"), or for its mean (kind="confidence").

        Examples
        --------
        >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
        >>> model.predict_interval([[5.0]]).round(3), model.predict_interval([[5.0]], kind="confidence").round(3)
        (array([[10.039, 11.761]]), array([[10.233, 11.567]]))
        """
        rows = rows_like_those_fitted(self, X)
        if self._fitted_degree > 1:
            rows = powers(rows, self._fitted_degree)
        return self.inference(confidence=confidence).predict_interval(rows, kind=kind)

    def inference(self, *, confidence: float = 0.95, covariance: Spec = "classical", data: Any = None) -> Inference:
        """Standard errors, covariance, tests of linear combinations (`.wald(R, q)`): see `Inference`.

        Parameters
        ----------
        covariance, data
            As `summary` takes them.

        Examples
        --------
        >>> model = LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
        >>> model.inference().standard_error.round(4)  # of the intercept and the slope
        array([0.1549, 0.0566])
        >>> round(model.inference().wald([[0.0, 1.0]], [2.0]).p_value, 3)  # is the slope 2?
        0.553
        """
        check_is_fitted(self)
        found = infer(self.moments_, self._solution, fit_intercept=self._fitted_intercept, confidence=confidence)
        robust = self._robust_covariance(covariance, data)
        return found if robust is None else robust.judge(found)

    def summary(self, *, confidence: float = 0.95, covariance: Spec = "classical", data: Any = None) -> Summary:
        """Standard errors, tests and intervals: `print` it, show it in a notebook, or take `as_dict()`.

        Parameters
        ----------
        confidence : float
            Of the intervals.
        covariance : str or tuple
            "classical"; "HC0" to "HC3"; ("cluster", groups) or ("cluster", groups, others), each a column of the
            source or an array of one label a row (where Dask has the rows, also one of its own); "newey-west" or
            ("newey-west", lags). All but the first read the rows a second time: see docs/inference.md.
        data : source, (X, y) or (X, y, sample_weight), optional
            The rows of the fit, where the model no longer knows them: after `load`, `from_moments`, `partial_fit` or
            `forget`, or as a copy.

        Raises
        ------
        DataError
            Where the covariance is unknown, the rows are not at hand, or others than those of the fit.

        Examples
        --------
        >>> print(LinearRegression().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9]).summary())
        y on 1 feature of X, y (4 rows), exact least squares
        <BLANKLINE>
                     estimate  std. error      t       p     2.5%   97.5%
        (Intercept)       1.1      0.1549   7.10  0.0193  0.43344  1.7666
        x0               1.96     0.05657  34.65  0.0008   1.7166  2.2034
        <BLANKLINE>
        R² 0.9983, adjusted 0.9975; residual sd 0.12649 on 2 degrees of freedom
        F(1, 2) = 1200.5, p = 0.0008; AIC -3.96, BIC -5.19
        At least about 13 digits are right (float64 arithmetic, condition number 1).
        """
        check_is_fitted(self)
        refuse_reserved(self._terms())
        notes = () if self._design is None else self._design.notes
        names = Names(*self._told, self._terms(), self.n_dropped_, self._dropped, notes, self._weighting, self._skipped)
        return Summary.of_solution(
            self.moments_,
            self._solution,
            names,
            fit_intercept=self._fitted_intercept,
            confidence=confidence,
            robust=self._robust_covariance(covariance, data),
        )

    def _robust_covariance(self, covariance: Spec, data: Any) -> Robust | None:
        """From one more pass over the rows; None: the classical one, which needs none."""
        kept = self._kept_covariance
        alone = kept is not None and data is None and self._rows is None
        if kept is not None and alone and covariance == kept.kind:  # "cluster": those it was saved with
            return kept
        asked = checked(covariance)
        if asked.kind == "classical":
            return None
        if alone and kept is not None and kept.kind == asked.kind and asked.plain:
            return kept
        source = self._rows_for(data, f"the {asked.kind} covariance")
        return judge_again(self._made(), source, asked)

    def _made(self) -> Made:
        return Made(self._fitted_intercept, self.moments_, self._solution)

    def _rows_for(self, data: Any, what: str) -> Source:
        if self._fitted_degree > 1:
            raise DataError(
                f"{what} is not at hand for a polynomial, whose powers the rows do not hold",
                hint="fit the powers as columns",
            )
        return self._read_again(data, what)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit to a JSON file that `gradline.load` reads back, equal to the bit: see docs/model-file.md.

        What was there before is replaced only when the new file is whole and on the disk. Equal fits of equally named
        data give equal files. The file names the source without its folders, and holds no row.

        Raises
        ------
        DataError
            Where the file cannot be written; what was there stays.

        Examples
        --------
        >>> import gradline
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     LinearRegression().fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 9.0]).save(f"{folder}/line.json")
        ...     gradline.load(f"{folder}/line.json").coef_
        array([2.])
        """
        write_model(path, as_saved(self))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _change(self, X: Any, y: Any, sample_weight: Any, *, sign: int) -> Self:
        self._validate_params()
        first = not hasattr(self, "moments_")
        source = as_source(self, X, y, sample_weight, missing=self.missing, reset=first, weights=self.weights)
        intercept = intercept_of(source, self.fit_intercept)
        if not first and (self._fitted_intercept, self._fitted_degree) != (intercept, self.polynomial):
            raise ValueError("fit_intercept or polynomial changed since the fit: these rows belong to another model")
        before, weighting = None if first else self._weighting, getattr(source, "weighting", None)
        if before is not None and weighting is not None and before.kind != weighting.kind:
            raise DataError(
                f"the weights of these rows are {weighting.kind}, those of the rows fitted before {before.kind}",
                hint=f"give these with weights='{before.kind}', or fit all rows anew",
            )
        # Sums that are float64 already stay so: what they have lost cannot be found again.
        kind: Any = type(self.moments_) if not first else Moments if self.precision == "float64" else ExactMoments
        moments: Any = gather_powers(source, self.polynomial) if self.polynomial > 1 else one_pass(source, kind)
        design = design_of(source) if is_source(X) else None
        if not first:
            if is_source(X) and design is None:
                refuse_other_features(self, source)
            design = design if is_source(X) else self._design
            kept, moments, design = aligned(self.moments_, self._design, moments, design)
            moments = kept + moments if sign > 0 else kept - moments
            if sign < 0 and isinstance(design, Terms) and isinstance(moments, ExactMoments):
                moments, design = without_empty_levels(moments, design)
        try:
            solution = moments.solve(fit_intercept=intercept)
            digits = solution.certificate.digits
        except SquaresError as error:
            if self.precision != "auto":
                names = source.feature_names if design is None else design.names
                raise error.named(names, source.target_name) from None
            digits = 0.0
        if self.precision == "auto" and digits < ENOUGH_DIGITS:
            raise DataError(
                f"only about {digits:.0f} digits would be left: the float64 sums that `fit` took "
                "cannot tell more, and the rows are not here to be read again",
                hint="fit with precision='exact' (partial_fit from the start is exact anyway) before changing rows",
            )
        if is_source(X) or design is not None:
            set_columns(self, source.feature_names if design is None else design.names, design)
        return self._settle(moments, solution, source, intercept, before)

    def _settle(
        self,
        moments: Statistics,
        solution: Solution,
        source: Source | None = None,
        intercept: bool | None = None,
        weighted_before: Weighting | None = None,
    ) -> Self:
        self._keep(moments, solution, self.fit_intercept if intercept is None else intercept)
        self.n_dropped_ = source.rows_dropped if source else 0
        self._dropped: dict[str, int] = dict(getattr(source, "dropped", {}))
        self._weighting: Weighting | None = getattr(source, "weighting", None) or weighted_before
        self._skipped: Skipped = getattr(source, "skipped", NONE)
        self._fitted_weights: Weights = self._weighting.kind if self._weighting else self.weights
        self._told = (source.name, source.target_name) if source else ("statistics", "y")
        self._rows, self._kept_covariance = None, None
        assert solution.certificate is not None
        for warning in solution.certificate.out_of_range(self._terms()):
            warnings.warn(warning, DataWarning, stacklevel=3)
        for warning in solution.certificate.relations(self._terms(), centred=self._fitted_intercept):
            warnings.warn(warning, CollinearityWarning, stacklevel=3)
        return self

    def _keep(self, moments: Statistics, solution: Solution, intercept: bool) -> None:
        certificate = solution.certificate
        assert certificate is not None
        self.moments_, self._solution = moments, solution
        # What was fitted, whatever set_params says later.
        self._fitted_intercept, self._fitted_degree = intercept, self.polynomial
        self.coef_, self.intercept_ = solution.coef, solution.intercept
        self.rank_, self.digits_ = certificate.rank, certificate.digits
        self.condition_number_ = certificate.condition_number
        self.n_samples_ = moments.rows

    def _terms(self) -> tuple[str, ...]:
        names = feature_names(self)
        if self._fitted_degree == 1:
            return names
        return names_of_powers(names[0], self._fitted_degree)
