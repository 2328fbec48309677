"""The gradient way as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from gradline.descent.engines import ENGINES
from gradline.descent.fit import Options
from gradline.descent.fit import fit as descend_on
from gradline.estimators.rows import as_source, naming_cells, predict
from gradline.solution import Array


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
        source = as_source(self, X, y, sample_weight, look=False)
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
        with naming_cells(source):
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
        return predict(self, X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

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
