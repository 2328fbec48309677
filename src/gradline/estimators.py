"""scikit-learn's contract over both ways."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from gradline.data.arrays import ArraySource, as_features, default_names
from gradline.data.blocks import Missing
from gradline.data.source import Source, whole
from gradline.descent.engines import ENGINES
from gradline.descent.fit import Options
from gradline.descent.fit import fit as descend_on
from gradline.errors import CollinearityWarning, DataError
from gradline.moments.block_sums import NotFiniteError
from gradline.moments.exact import ExactMoments
from gradline.moments.inference import Inference, infer
from gradline.moments.moments import Moments
from gradline.moments.precision import ENOUGH_DIGITS, Statistics, gather, gather_powers
from gradline.report.summary import Names, Summary, refuse_reserved
from gradline.solution import Array, Solution


class GradientDescentRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Least squares by gradient descent that can be trusted and watched.

    Minimises the mean squared error, mean((X w + b - y)^2) without a factor 1/2, by
    (w, b) <- (w, b) - learning_rate * gradient.

    Parameters
    ----------
    engine : {"numpy", "autograd", "nn", "moments"}
        Who computes the gradient: NumPy by hand; PyTorch's autograd; `nn.Linear` with `torch.optim`; or the
        sufficient statistics, which give the same full-batch steps without touching the rows again.
    learning_rate : float > 0 or "auto"
        A number descends exactly as written, in the data's own units. "auto" conditions the problem first
        (centre, scale, decorrelate), uses a rate that cannot diverge, and returns coefficients in data units.
    max_iter : int >= 1
        Passes over the data at most: with full batches one step each.
    tol : float >= 0 or None
        Stop when the optimisation error of every coefficient is below `tol` times its standard error (where
        there is none: `tol` relative), or as small as rounding allows. None runs all `max_iter`.
    fit_intercept : bool
    batch_size : int >= 1 or None
        None: every step uses all rows. Otherwise shuffled mini-batches of so many rows.
    init : {"zeros", "uniform", "normal"}, float or array
        Where to start: 0, uniform in 0 .. 1, standard normal, one number for every parameter, or an array of
        shape (n_features,) or, with the intercept last, (n_features + 1,).
    optimizer : "sgd", or with engine "nn" a `torch.optim` class or its name
    dtype : {"float64", "float32"}
        What the engine computes in. Rates, limits and certificates are always float64.
    device : str
        A torch device for the engines "autograd" and "nn".
    random_state : int, RandomState or None
        For random starts and shuffling.
    on_divergence : {"raise", "warn"}
        "warn" returns what there is, for study.
    record_path : bool
        Keep `coef_path_`.
    verbose : int >= 0
        Every so many iterations print one line, the loss before the update and the parameter after it:
        `Iteration 10: Loss = 11.7393, 'a' = 1.6325`.

    Attributes
    ----------
    coef_ : (n_features,) float64
        In data units.
    intercept_ : float
    n_iter_ : int
    loss_curve_ : list of float, length n_iter_
        Mean squared error before each update; per pass for mini-batches.
    coef_path_ : (n_iter_ + 1, n_features) float64
        Only with `record_path`; in data units.
    learning_rate_, max_learning_rate_ : float
        The rate used, and 2 / largest curvature of the problem descended.
    converged_ : bool
        Whether the error is within `tol` (1e-6 where `tol` is None).
    stop_reason_ : str
        What happened, in a sentence or two; for full batches also how many more iterations would do.
    exact_coef_, exact_intercept_ : array, float
        The least squares answer from the sufficient statistics, which the descent is measured against.
    optimality_gap_ : float
        The largest distance of a coefficient from that answer, in its standard errors.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Raises
    ------
    DivergenceError
        For a full-batch rate above its limit, before the first step; for a loss that is not finite, or above 1e6
        times the larger of its start and mean(y^2), in that iteration.
    DataError
        For data that no fit can use: the message names the column, the row and the value.

    Notes
    -----
    The statistics of one extra pass give the rate limit and the certificate: memory for p^2 numbers.
    A full batch is held in memory as float64; mini-batches of a file are read again in each pass.

    Examples
    --------
    The lesson, y = a x through five points:

    >>> x, y = np.array([[1.0], [3.0], [10.0], [13.0], [7.0]]), np.array([2.0, 6.0, 20.0, 26.0, 14.0])
    >>> lesson = GradientDescentRegressor(learning_rate=0.001, max_iter=20, tol=None, fit_intercept=False, init=0.5,
    ...                                   verbose=10).fit(x, y)
    Iteration 10: Loss = 11.7393, 'a' = 1.6325
    Iteration 20: Loss = 0.7048, 'a' = 1.9099
    >>> round(lesson.max_learning_rate_, 5)
    0.01524
    """

    _parameter_constraints = {  # noqa: RUF012  # scikit-learn's name and form
        "engine": [StrOptions(set(ENGINES))],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [None, Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "batch_size": [None, Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"zeros", "uniform", "normal"}), Real, "array-like"],
        "optimizer": [str, type],
        "dtype": [StrOptions({"float64", "float32"})],
        "device": [str],
        "random_state": ["random_state"],
        "on_divergence": [StrOptions({"raise", "warn"})],
        "record_path": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        engine: str = "numpy",
        *,
        learning_rate: float | str = "auto",
        max_iter: int = 1000,
        tol: float | None = 1e-6,
        fit_intercept: bool = True,
        batch_size: int | None = None,
        init: Any = "zeros",
        optimizer: Any = "sgd",
        dtype: str = "float64",
        device: str = "cpu",
        random_state: Any = None,
        on_divergence: str = "raise",
        record_path: bool = False,
        verbose: int = 0,
    ) -> None:
        self.engine = engine
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.batch_size = batch_size
        self.init = init
        self.optimizer = optimizer
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.on_divergence = on_divergence
        self.record_path = record_path
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Descend.

        Parameters
        ----------
        X : (n_samples, n_features) array, DataFrame or Arrow table; or a source, then y=None
        y : (n_samples,) array
        sample_weight : (n_samples,) array, optional
            Each row's weight in the mean loss; zero is no row.
        """
        self._validate_params()
        source = _source(self, X, y, sample_weight, look=False)
        options = Options(
            engine=self.engine,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            tol=self.tol,
            fit_intercept=self.fit_intercept,
            batch_size=self.batch_size,
            init=self.init,
            optimizer=self.optimizer,
            dtype=self.dtype,
            device=self.device,
            on_divergence=self.on_divergence,
            record_path=self.record_path,
        )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        with _naming_cells(source):
            descent = descend_on(source, options, np.random.default_rng(seed), self._printer())
        self.coef_ = descent.solution.coef
        self.intercept_ = descent.solution.intercept
        self.loss_curve_ = list(descent.solution.history)
        self.n_iter_ = len(self.loss_curve_)
        if descent.path is not None:
            self.coef_path_ = descent.path
        elif hasattr(self, "coef_path_"):
            del self.coef_path_  # of an earlier fit
        self.learning_rate_ = descent.learning_rate
        self.max_learning_rate_ = descent.problem.quadratic.max_learning_rate
        self.exact_coef_ = descent.problem.exact.coef
        self.exact_intercept_ = descent.problem.exact.intercept
        self.optimality_gap_ = descent.gap
        self.converged_ = descent.converged
        self.stop_reason_ = descent.stop_reason
        if self.tol is not None and descent.cure:
            warnings.warn(f"{self.stop_reason_}\nhint: {descent.cure}", ConvergenceWarning, stacklevel=2)
        return self

    def predict(self, X: Any) -> Array:
        """X @ coef_ + intercept_, shape (n_samples,)."""
        return _predict(self, X)

    def _printer(self) -> Callable[[int, float, Array, float], None] | None:
        every = int(self.verbose)
        if not every:
            return None

        def line(iteration: int, loss: float, w: Array, b: float) -> None:
            if iteration % every == 0:
                text = f"Iteration {iteration}: Loss = {loss:.4f}"
                if len(w) == 1:
                    text += f", 'a' = {w[0]:.4f}" + (f", 'b' = {b:.4f}" if self.fit_intercept else "")
                print(text)

        return line


class LinearRegression(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
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
        eps * sum |coef_k x^k|; `predict_interval` forms rounded powers.

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

    Notes
    -----
    Weights are analytic (precision weights, as in R's `lm` and statsmodels' `WLS`): integer weights give the
    coefficients, not the standard errors, of repeated rows. Memory does not grow with the rows: p^2 numbers a thread.

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

    _parameter_constraints = {  # noqa: RUF012  # scikit-learn's name and form
        "fit_intercept": ["boolean"],
        "precision": [StrOptions({"auto", "float64", "exact"})],
        "missing": [StrOptions({"error", "drop"})],
        "polynomial": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        precision: str = "auto",
        missing: Missing = "error",
        polynomial: int = 1,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.precision = precision
        self.missing = missing
        self.polynomial = polynomial

    @classmethod
    def from_moments(cls, moments: Statistics, *, fit_intercept: bool = True) -> Self:
        """A fitted estimator from statistics alone: merged shards, a saved file, `whole - part`."""
        kind = "exact" if isinstance(moments, ExactMoments) else "float64"
        model = cls(fit_intercept=fit_intercept, precision=kind)
        model.n_features_in_ = moments.n_features
        return model._settle(moments, moments.solve(fit_intercept=fit_intercept))

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit to these rows alone.

        Parameters
        ----------
        X : (n_samples, n_features) array, DataFrame or Arrow table; or a source, then y=None
        y : (n_samples,) array
        sample_weight : (n_samples,) array, optional
            Finite, not negative; a row of weight zero is no row.
        """
        self._validate_params()
        source = _source(self, X, y, sample_weight, missing=self.missing, look=False)
        with _naming_cells(source):
            if self.polynomial > 1:
                powers = gather_powers(source, self.polynomial)
                return self._settle(powers, powers.solve(fit_intercept=self.fit_intercept), source)
            moments, solution = gather(source, fit_intercept=self.fit_intercept, precision=self.precision)
        return self._settle(moments, solution, source)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Add these rows to what was fitted before."""
        return self._change(X, y, sample_weight, sign=1)

    def forget(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Remove these rows again; whether they were there is not known, what cannot have been is refused.

        Exact where the statistics are: with precision "exact", and under "auto" where rows came by `partial_fit` or
        `fit` escalated. After a plain float64 `fit` under "auto" it is right to the digits it certifies, and an error
        where these would be fewer than 9.
        """
        check_is_fitted(self)
        return self._change(X, y, sample_weight, sign=-1)

    def predict(self, X: Any) -> Array:
        """X @ coef_ + intercept_, or the polynomial at x; shape (n_samples,)."""
        check_is_fitted(self)
        if self._fitted_degree == 1:
            return _predict(self, X)
        x = _rows(self, X)[:, 0]
        value = np.zeros(len(x))
        for coefficient in self.coef_[::-1]:
            value = (value + coefficient) * x
        predicted: Array = value + self.intercept_
        return predicted

    def predict_interval(
        self, X: Any, *, confidence: float = 0.95, kind: Literal["prediction", "confidence"] = "prediction"
    ) -> Array:
        """(n_samples, 2) limits for a new y at each row (kind="prediction"), or for its mean (kind="confidence")."""
        rows = _rows(self, X)
        if self._fitted_degree > 1:
            rows = rows ** np.arange(1, self._fitted_degree + 1)
        return self.inference(confidence=confidence).predict_interval(rows, kind=kind)

    def inference(self, *, confidence: float = 0.95) -> Inference:
        """Standard errors, covariance, tests of linear combinations (`.wald(R, q)`): see `Inference`."""
        check_is_fitted(self)
        return infer(self.moments_, self._solution, fit_intercept=self._fitted_intercept, confidence=confidence)

    def summary(self, *, confidence: float = 0.95, covariance: str = "classical") -> Summary:
        """Standard errors, tests and intervals: `print` it, show it in a notebook, or take `as_dict()`.

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
        if covariance != "classical":
            raise ValueError(f"covariance={covariance!r}, expected 'classical'")
        refuse_reserved(self._terms())
        names = Names(*self._told, self._terms(), self.n_dropped_)
        return Summary.of_solution(
            self.moments_,
            self._solution,
            names,
            fit_intercept=self._fitted_intercept,
            confidence=confidence,
        )

    def _change(self, X: Any, y: Any, sample_weight: Any, *, sign: int) -> Self:
        self._validate_params()
        first = not hasattr(self, "moments_")
        if not first and (self._fitted_intercept, self._fitted_degree) != (self.fit_intercept, self.polynomial):
            raise ValueError("fit_intercept or polynomial changed since the fit: these rows belong to another model")
        source = _source(self, X, y, sample_weight, missing=self.missing, reset=first)
        features = len(source.feature_names)
        kind = Moments if self.precision == "float64" else ExactMoments
        # Sums that are float64 already stay so: what they have lost cannot be found again.
        if self.polynomial > 1:
            before: Any = ExactMoments.zero(self.polynomial) if first else self.moments_
            rows: Any = gather_powers(source, self.polynomial)
        else:
            before = kind.zero(features) if first else self.moments_
            rows = type(before).from_batches(source.batches(), features)
        moments = before + rows if sign > 0 else before - rows
        solution = moments.solve(fit_intercept=self.fit_intercept)
        if self.precision == "auto" and solution.certificate.digits < ENOUGH_DIGITS:
            raise DataError(
                f"only about {solution.certificate.digits:.0f} digits would be left: the float64 sums that `fit` took "
                "cannot tell more, and the rows are not here to be read again",
                hint="fit with precision='exact' (partial_fit from the start is exact anyway) before changing rows",
            )
        return self._settle(moments, solution, source)

    def _settle(self, moments: Statistics, solution: Solution, source: Source | None = None) -> Self:
        certificate = solution.certificate
        assert certificate is not None
        self.moments_, self._solution = moments, solution
        # What was fitted, whatever set_params says later.
        self._fitted_intercept, self._fitted_degree = self.fit_intercept, self.polynomial
        self.coef_, self.intercept_ = solution.coef, solution.intercept
        self.rank_, self.digits_ = certificate.rank, certificate.digits
        self.condition_number_ = certificate.condition_number
        self.n_samples_, self.n_dropped_ = moments.rows, source.rows_dropped if source else 0
        self._told = (source.name, source.target_name) if source else ("statistics", "y")
        for warning in certificate.warnings(self._terms(), centred=self.fit_intercept):
            warnings.warn(warning, CollinearityWarning, stacklevel=3)
        return self

    def _terms(self) -> tuple[str, ...]:
        names = feature_names(self)
        if self._fitted_degree == 1:
            return names
        return (names[0], *(f"{names[0]}^{k}" for k in range(2, self._fitted_degree + 1)))


def _source(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    missing: Missing = "error",
    reset: bool = True,
    look: bool = True,
) -> Source:
    """X, y as a source; `estimator` learns the names and the number of features, or (reset=False) is held to them."""
    if isinstance(X, str | Path) or type(X) is dict:  # a sparse matrix may be a dict too, and says so itself
        raise DataError(
            f"X is a {type(X).__name__}, expected rows of numbers", hint="fit(open_source(X, target=...)) reads tables"
        )
    if isinstance(X, Source):
        if y is not None or sample_weight is not None:
            raise TypeError("a source brings its own target and weights: call fit(source) alone")
        if reset:
            estimator.n_features_in_ = len(X.feature_names)
            estimator.feature_names_in_ = np.array(X.feature_names, dtype=object)
        elif X.feature_names != feature_names(estimator):
            raise DataError(f"{X.name} has features {X.feature_names}, expected {feature_names(estimator)}")
        return X
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    source = ArraySource(X, column_or_1d(y, warn=True), sample_weight, missing=missing, look=look)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    if reset and source.feature_names != default_names(len(source.feature_names)):
        estimator.feature_names_in_ = np.array(source.feature_names, dtype=object)
    return source


@contextmanager
def _naming_cells(source: Source) -> Iterator[None]:
    """Sums notice what is not finite but know no names: on that error look once more, with names."""
    try:
        yield
    except NotFiniteError:
        if isinstance(source, ArraySource):
            source.refuse_missing()
        raise


def feature_names(estimator: Any) -> tuple[str, ...]:
    """Of a fitted estimator: as the data named them, or x0, x1, ..."""
    return tuple(getattr(estimator, "feature_names_in_", default_names(estimator.n_features_in_)))


def _rows(estimator: Any, X: Any) -> Array:
    """X as the fitted estimator expects it: the same columns, all finite."""
    check_is_fitted(estimator)
    if isinstance(X, Source):
        if X.feature_names != feature_names(estimator):
            raise DataError(f"{X.name} has features {X.feature_names}, expected {feature_names(estimator)}")
        return whole(X).X
    rows, _ = as_features(X)
    validate_data(estimator, X, reset=False, skip_check_array=True)
    return rows


def _predict(estimator: Any, X: Any) -> Array:
    predicted: Array = _rows(estimator, X) @ estimator.coef_ + estimator.intercept_
    return predicted
