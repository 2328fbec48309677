"""The gradient way as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from gradline.data.columns.design import intercept_of
from gradline.data.source import Source, is_source
from gradline.data.tables import held
from gradline.descent.engines import ENGINES, check_torch
from gradline.descent.finished import Descent
from gradline.descent.fit import fit as descend_on
from gradline.descent.losses.by_name import LOSSES
from gradline.descent.options import Options
from gradline.descent.watching.history import Callback
from gradline.descent.watching.lesson_line import printer
from gradline.diagnostics.covariance import Spec, checked
from gradline.errors import DataError
from gradline.estimators.elsewhere import Elsewhere
from gradline.estimators.reported import Reported
from gradline.estimators.rows import as_source, dense_rows, learn_columns, predict
from gradline.moments.one_pass import naming_cells
from gradline.report.made import Made
from gradline.report.second_look import judge_again
from gradline.report.summary import Names, Summary
from gradline.report.wide_summary import WideSummary
from gradline.solution import Array, Status

if TYPE_CHECKING:
    from gradline.descent.module.network import Network


class GradientDescentRegressor(Reported, Elsewhere, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
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
        (centre, scale, decorrelate), uses a rate that cannot diverge, and returns coefficients in data units. With
        more than 2048 features it centres and scales, and takes the rate and a momentum from the largest and the
        smallest curvature, which it looks for in 30 to 400 passes (`gradline.descent.wide.lanczos`).
    max_iter : int >= 1
        Passes over the data at most: with full batches one step each.
    tol : float >= 0 or None
        Stop when the optimisation error of every coefficient is below `tol` times its standard error (where
        there is none: `tol` relative), or as small as rounding allows. None runs all `max_iter`.
    fit_intercept : bool
    batch_size : int >= 1 or None
        None: every step uses all rows. Otherwise shuffled mini-batches of so many rows of the table, each of which
        counts in a step by its weight.
    init : {"zeros", "uniform", "normal"}, float or array
        Where to start: 0, uniform in 0 .. 1, standard normal, one number for every parameter, or an array of
        shape (n_features,) or, with the intercept last, (n_features + 1,).
    loss : {"squared", "huber", "absolute", "quantile"}, or a Huber, Absolute or Quantile
        What a residual costs: `gradline.Huber(delta)`, `Absolute()`, `Quantile(level)`; engines "numpy", "autograd" and
        "nn". By name, Huber's delta is 1.345 robust standard deviations of the residuals. Under "auto" the kink of
        absolute and quantile loss is rounded off within a bandwidth that is small beside the standard errors (it
        moves a single answer by about a fifth of one at 300 rows); with a rate of your own they descend by
        subgradients, as written.
    momentum : float, 0 <= momentum < 1
        Heavy ball: every step keeps so much of the last one.
    optimizer : "sgd", or with engine "nn" a `torch.optim` class or its name
        Under learning_rate="auto" any other than "sgd" uses its own default rate, on the conditioned problem.
    optimizer_options : dict or None
        For the `torch.optim` class: {"nesterov": True, "momentum": 0.9}, {"betas": (0.9, 0.99)}; under
        learning_rate="auto" also its rate on the conditioned problem, {"lr": 0.3}.
    scheduler : callable or None
        `scheduler(optimizer)` returns a `torch.optim.lr_scheduler`, stepped once a pass; engine "nn". For example
        `lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 100)`.
    module : nn.Module, callable or None
        With engine "nn": a network in place of the line, or a function of the number of features that makes one. It
        takes (rows, n_features) and returns (rows, 1); a copy is trained. Nothing is certified then, and there is no
        `coef_`: `predict` asks the network. Under learning_rate="auto", which an optimizer with a rate of its own takes
        (optimizer="adam"), `module_` sees standardised columns, and its answers are put back into units of y.
    dtype : {"float64", "float32"}
        What the engine computes in. Rates, limits and certificates are always float64.
    device : str
        A torch device for the engines "autograd" and "nn".
    validation_fraction : float, 0 < validation_fraction < 1, or None
        Hold out this share of the rows, and stop where their loss has not fallen for `n_iter_no_change` passes; the
        parameters are then those of its lowest.
    n_iter_no_change : int >= 1
    warm_start : bool
        Start from the last fit's parameters, where there are any.
    callback : callable or None
        `callback(history)`, with `history.iteration`, `loss`, `coef`, `intercept`, `distance`, `iterations_to_go` and
        `validation_loss`, after each pass, see `gradline.descent.watching.history.History`; True ends the descent.
    checkpoint : path or None
        Keep the state in this file, about every 10 seconds and at the end, and go on from it where it is there: the
        same bits as if it had never stopped (with a `random_state` where anything is random).
    random_state : int, RandomState or None
        For random starts, shuffling, held-out rows and modules.
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
    loss_curve_ : list of float, length `n_iter_`
        Mean squared error (or other loss) before each update; per pass for mini-batches.
    validation_loss_curve_ : list of float
        On the held-out rows after each pass; only with `validation_fraction`.
    module_ : nn.Module
        The trained network, only with `module`.
    coef_path_ : `(n_iter_ + 1, n_features)` float64
        Only with `record_path`; in data units.
    learning_rate_, max_learning_rate_ : float
        The rate used, and 2 (1 + momentum) / largest curvature of the problem descended: the limit for full batches by
        plain descent (of another loss its curvature at the answer; NaN where it has a kink, at a rate of your own).
    converged_ : bool
        Whether the error is within `tol` (1e-6 where `tol` is None).
    stop_reason_ : str
        What happened, in a sentence or two; for full batches also how many more iterations would do.
    loss_ : Loss
        The loss with what the data decided: Huber(delta=...), Quantile(level=..., bandwidth=...), in units of y.
    exact_coef_, exact_intercept_ : array, float
        The least squares answer from the sufficient statistics, which the descent is measured against; of another loss
        its minimum, by Newton's method. Absent with more than 2048 features.
    optimality_gap_ : float
        The largest distance of a coefficient from that answer, in its standard errors. With more than 2048 features a
        bound, from the gradient and the smallest curvature seen; as good as that estimate of a curvature is
        (`gradline.descent.wide.nearness`).
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
    The statistics of one extra pass give the rate limit and the certificate: memory for p^2 numbers up to 2048
    features, for some hundred p beyond. There only the squared loss is at hand, on the engines "numpy", "autograd" and
    "nn"; a sparse X stays sparse in full batches of engine "numpy" (float64). Where columns are combinations of others,
    or more than the rows, the descent ends at the answer nearest to its start: from 0 the smallest, in standard
    deviations. What columns explain that differ by less than some 1e-7 of their spread it does not find; where that is
    anything, it says so and has not converged.
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
        "loss": [StrOptions(set(LOSSES)), *LOSSES.values()],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [str, type],
        "optimizer_options": [dict, None],
        "scheduler": [callable, None],
        "module": [callable, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "callback": [callable, None],
        "checkpoint": [str, Path, None],
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
        loss: Any = "squared",
        momentum: float = 0.0,
        optimizer: Any = "sgd",
        optimizer_options: dict[str, Any] | None = None,
        scheduler: Any = None,
        module: Any = None,
        dtype: str = "float64",
        device: str = "cpu",
        validation_fraction: float | None = None,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        callback: Callback | None = None,
        checkpoint: str | Path | None = None,
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
        self.loss = loss
        self.momentum = momentum
        self.optimizer = optimizer
        self.optimizer_options = optimizer_options
        self.scheduler = scheduler
        self.module = module
        self.dtype = dtype
        self.device = device
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.callback = callback
        self.checkpoint = checkpoint
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

        Examples
        --------
        >>> model = GradientDescentRegressor().fit([[1.0], [2.0], [3.0], [4.0]], [3.1, 4.9, 7.1, 8.9])
        >>> model.coef_, model.n_iter_, model.converged_
        (array([1.96]), 1, True)
        """
        self._validate_params()
        X = held(X)  # to be read again
        source = as_source(self, X, y, sample_weight, look=False)
        intercept = intercept_of(source, self.fit_intercept)
        before = self._parameters_before(intercept)
        if is_source(X):
            learn_columns(self, source)
        if before is not None and len(before) != self.n_features_in_ + intercept:
            raise DataError(
                f"warm_start goes on from {len(self.coef_)} coefficients, but X has {self.n_features_in_} features",
                hint="give the same columns, or warm_start=False",
            )
        options = Options(
            engine=self.engine,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            tol=self.tol,
            fit_intercept=intercept,
            batch_size=self.batch_size,
            init=self.init if before is None else before,
            loss=self.loss,
            momentum=self.momentum,
            optimizer=self.optimizer,
            optimizer_options=self.optimizer_options or {},
            scheduler=self.scheduler,
            dtype=self.dtype,
            device=self.device,
            validation_fraction=self.validation_fraction,
            n_iter_no_change=self.n_iter_no_change,
            on_divergence=self.on_divergence,
            record_path=self.record_path,
            checkpoint=self.checkpoint,
        )
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        printed = printer(int(self.verbose), coefficients=self.module is None, fit_intercept=intercept)
        callbacks = [callback for callback in (printed, self.callback) if callback]
        for name in [*vars(self)]:  # of an earlier fit, which may have been of another kind
            if name.endswith("_") and not name.startswith("_") and name not in ("n_features_in_", "feature_names_in_"):
                delattr(self, name)
        network = self.__dict__.pop("_network", None)
        self._descent: Descent | None = None
        self._remember(X, y, sample_weight, opened=source)
        with naming_cells(source):
            if self.module is not None:
                self._train(source, options, rng, callbacks, network)
            else:
                self._descend(source, options, rng, callbacks)
        return self

    def _descend(
        self, source: Source, options: Options, rng: np.random.Generator, callbacks: Sequence[Callback]
    ) -> None:
        descent = descend_on(source, options, rng, *callbacks)
        self._descent, self._names, self._fitted_intercept = descent, Names.of(source), options.fit_intercept
        self._fitted_engine = options.engine
        self.coef_ = descent.solution.coef
        self.intercept_ = descent.solution.intercept
        if descent.path is not None:
            self.coef_path_ = descent.path
        self.max_learning_rate_ = descent.max_learning_rate
        self.loss_ = descent.problem.settled
        if descent.problem.exact is not None:
            self.exact_coef_ = descent.problem.exact.coef
            self.exact_intercept_ = descent.problem.exact.intercept
        self.optimality_gap_ = descent.gap
        self.converged_ = descent.converged
        self._keep(descent)
        interrupted = descent.solution.status is Status.INTERRUPTED
        if (self.tol is not None or interrupted) and descent.cure:
            warnings.warn(f"{self.stop_reason_}\nhint: {descent.cure}", ConvergenceWarning, stacklevel=3)

    def _train(
        self,
        source: Source,
        options: Options,
        rng: np.random.Generator,
        callbacks: Sequence[Callback],
        before: Network | None,
    ) -> None:
        check_torch("nn", options.device, options.dtype)  # before it is imported
        from gradline.descent.module.training import train

        known = self.warm_start and before is not None and self._trained_from is self.module
        training = train(source, self.module, options, rng, *callbacks, before=before if known else None)
        self._network: Network = training.network
        self._trained_from: Any = self.module
        self.max_learning_rate_ = np.nan
        self.converged_ = False
        self._keep(training)
        if training.solution.status is Status.INTERRUPTED:
            warnings.warn(self.stop_reason_, ConvergenceWarning, stacklevel=3)

    def _keep(self, done: Any) -> None:
        """What a descent and a training have in common."""
        self.loss_curve_ = list(done.solution.history)
        self.n_iter_ = len(self.loss_curve_)
        self.learning_rate_ = done.learning_rate
        self.stop_reason_ = done.stop_reason
        if self.validation_fraction is not None:
            self.validation_loss_curve_ = list(done.validation_loss)

    def _parameters_before(self, intercept: bool) -> Array | None:
        """Where a warm start begins."""
        if self.warm_start and self.checkpoint is not None:
            raise DataError(
                "warm_start and checkpoint both say where to begin",
                hint="give one of them: a checkpoint goes on by itself",
            )
        if not self.warm_start or not hasattr(self, "coef_") or self.module is not None:
            return None
        if not (np.isfinite(self.coef_).all() and np.isfinite(self.intercept_)):
            raise DataError("the last fit diverged: warm_start has nowhere to go on from", hint="warm_start=False")
        return np.append(self.coef_, self.intercept_) if intercept else self.coef_

    @property
    def module_(self) -> Any:
        """The trained network; only where one was asked for.

        Examples
        --------
        >>> from torch import nn
        >>> model = GradientDescentRegressor("nn", module=nn.Linear(1, 1), optimizer="adam", max_iter=5, tol=None)
        >>> model.fit([[1.0], [2.0], [4.0]], [3.0, 5.0, 9.0]).module_
        Linear(in_features=1, out_features=1, bias=True)
        """
        if not hasattr(self, "_network"):
            raise AttributeError("module_ is there after a fit with module=...")
        return self._network.module

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coef_") or hasattr(self, "_network")

    def predict(self, X: Any) -> Any:
        """`X @ coef_ + intercept_`, shape (n_samples,); with `module` what the network says.

        Of a Dask DataFrame or Array a lazy Series or Array.

        Examples
        --------
        >>> GradientDescentRegressor().fit([[1.0], [2.0], [3.0]], [3.1, 4.9, 7.0]).predict([[4.0]]).round(6)
        array([8.9])
        """
        if (predicted := self._predicted_elsewhere(X)) is not None:
            return predicted
        return predict(self, X)

    def _predictions(self, X: Any) -> Array:
        return self._network.predict(dense_rows(X)) if hasattr(self, "_network") else super()._predictions(X)

    def summary(
        self, *, confidence: float = 0.95, covariance: Spec = "classical", data: Any = None
    ) -> Summary | WideSummary:
        """Where the descent ended, with the tests and intervals that the statistics of its rows give.

        Of a descent short of the answer there are no tests, only how far it is; of more than 2048 features coefficients
        and a bound on their distance (`WideSummary`).

        Parameters
        ----------
        confidence, covariance, data
            As `LinearRegression.summary` takes them; another loss has robust errors of its own, and takes none.

        Raises
        ------
        DataError
            For a module; where the model was pickled or copied, which leaves this behind; and as `LinearRegression`.

        Examples
        --------
        >>> x, y = np.array([[1.0], [3.0], [10.0], [13.0], [7.0]]), np.array([2.1, 5.9, 20.2, 26.0, 13.8])
        >>> summary = GradientDescentRegressor().fit(x, y).summary(covariance="HC3")
        >>> summary.robust.described, summary.inference.standard_error.round(4)
        ('HC3', array([0.1839, 0.0198]))
        """
        descent = self._ended("a summary")
        if descent.problem.exact is None:
            if covariance != "classical":
                raise DataError(
                    f"standard errors need sums over pairs of features, of which {self.n_features_in_:,} have too many",
                    hint="leave covariance out, or fit fewer features",
                )
            return WideSummary(descent, self._names, self._fitted_engine, self._fitted_intercept)
        summary = Summary.of_descent(
            descent,
            self._names,
            engine=self._fitted_engine,
            fit_intercept=self._fitted_intercept,
            confidence=confidence,
        )
        asked = checked(covariance)
        if asked.kind == "classical" or not summary.trusted:  # unfinished, it has no tests, by any covariance
            return summary
        summary.refuse_another_loss()
        rows = self._rows_for(data, f"the {asked.kind} covariance")
        return summary.judged_by(judge_again(self._made(), rows, asked))

    def _ended(self, what: str) -> Descent:
        """The last descent."""
        check_is_fitted(self)
        if hasattr(self, "_network"):
            raise DataError(f"{what} is of a line, and a module was fitted", hint="leave module out")
        descent: Descent | None = getattr(self, "_descent", None)
        if descent is None:
            raise DataError(
                f"{what} needs the descent itself, which a pickled or copied model leaves behind",
                hint="fit again; LinearRegression keeps its statistics",
            )
        return descent

    def _rows_for(self, data: Any, what: str) -> Source:
        """Those that were descended on: all but those held out."""
        descent = self._ended(what)
        if data is None and self._fitted_with is not None and self._fitted_with["validation_fraction"] is not None:
            return descent.training
        return self._read_again(data, what)

    def _made(self) -> Made:
        descent = self._ended("a second look")
        fitted = self._fitted_with or {}
        init, given = fitted.get("init"), fitted.get("random_state")
        random_start = isinstance(init, str) and init != "zeros"
        drawn = random_start or any(fitted.get(name) is not None for name in ("batch_size", "validation_fraction"))
        seed = str(given) if isinstance(given, Integral) else "none was given: another fit draws anew"
        return Made.by_descent(
            descent, engine=self._fitted_engine, fit_intercept=self._fitted_intercept, seed=seed if drawn else ""
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
