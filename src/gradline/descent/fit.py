"""From rows and options to a finished descent: one pass for the problem, a safe rate, a rung, the loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source, whole
from gradline.descent import divergence, ending, outlook
from gradline.descent.engines import is_plain_sgd, make_engine
from gradline.descent.loop import OnIteration, descend
from gradline.descent.problem import Problem
from gradline.errors import DataError, DivergenceError, DivergenceWarning
from gradline.solution import Array, Solution, Status

if TYPE_CHECKING:
    from torch.optim import Optimizer

DEFAULT_TOL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """How to descend; names, meanings and ranges are those of `GradientDescentRegressor`."""

    engine: str = "numpy"
    learning_rate: float | str = "auto"
    max_iter: int = 1000
    tol: float | None = DEFAULT_TOL
    fit_intercept: bool = True
    batch_size: int | None = None
    init: str | float | Array = "zeros"
    optimizer: str | type[Optimizer] = "sgd"
    dtype: str = "float64"
    device: str = "cpu"
    on_divergence: str = "raise"
    record_path: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """A finished descent.

    Attributes
    ----------
    problem : Problem
        What was descended, and the least squares answer it is measured against.
    solution : Solution
        Where it ended, in data units; `history` is the loss curve.
    path : (iterations + 1, features) float64 or None
        The slopes before the first step and after each, in data units.
    learning_rate : float
        Of the problem descended: under "auto" that is the conditioned one.
    loss : float
        The mean squared error where it ended.
    gap : float
        The largest distance of a coefficient from the least squares answer, in its standard errors (relative,
        where there is none).
    cure : str or None
        What to do where it stopped short of the tolerance.
    converged : bool
    stop_reason : str
        What happened, in a sentence or two.
    """

    problem: Problem
    solution: Solution
    path: Array | None
    learning_rate: float
    loss: float
    gap: float
    cure: str | None
    converged: bool
    stop_reason: str


def fit(source: Source, options: Options, rng: np.random.Generator, on_iteration: OnIteration | None = None) -> Descent:
    """Descend on `source`; `on_iteration(iteration, loss, w, b)` hears of every pass, in data units.

    Raises
    ------
    DivergenceError
        Before the first step where a full-batch rate is above its limit; during the run in the iteration where
        the loss explodes. Under `on_divergence="warn"` a `DivergenceWarning` instead, and what there is.
    DataError
        Where no fit is determined, or numbers leave the range of the dtype.
    """
    if is_plain_sgd(options.optimizer):
        options = replace(options, optimizer="sgd")
    automatic, bias = options.learning_rate == "auto", options.fit_intercept
    problem = Problem.of(source, bias=bias, conditioned=automatic, dtype=options.dtype)
    frame, quadratic, tolerance = problem.frame, problem.quadratic, problem.tolerance

    epoch = _epochs(source, options, problem, rng)
    rate = _safe_rate(options, problem, epoch) if automatic else float(options.learning_rate)
    predictable = options.batch_size is None and options.optimizer == "sgd"
    hopeless = predictable and divergence.beyond_limit(rate, quadratic)
    if hopeless:
        _raise_or_warn(divergence.refused(rate, quadratic, problem.names), options.on_divergence)

    start = frame.enter(*_start(options.init, len(problem.names), bias, rng))
    engine = make_engine(
        options.engine,
        *start,
        learning_rate=rate,
        quadratic=quadratic,
        optimizer=options.optimizer,
        dtype=options.dtype,
        device=options.device,
    )
    path = [frame.leave(*engine.read())[0]]
    unit_of_loss = frame.target_scale**2

    def hear(iteration: int, loss: float, w: Array, b: float) -> None:
        w, b = frame.leave(w, b)
        if options.record_path:
            path.append(w)
        if on_iteration:
            on_iteration(iteration, loss * unit_of_loss, w, b)

    tol = DEFAULT_TOL if options.tol is None else options.tol
    ceiling = 1e6 * max(quadratic.loss(*start), problem.target_square)
    inner = descend(
        engine,
        epoch,
        max_iter=options.max_iter,
        stop=None if options.tol is None else lambda w, b: tolerance.reached(w, b, tol),
        on_iteration=hear if options.record_path or on_iteration else None,
        ceiling=ceiling,
    )
    diverged, to_go = inner.status is Status.DIVERGED, None
    if diverged and not hopeless:
        if options.dtype == "float32" and ceiling > float(np.finfo(np.float32).max):
            raise divergence.overflowed(inner.history)
        limiting = quadratic if options.optimizer == "sgd" else None
        _raise_or_warn(divergence.exploded(rate, inner.history, limiting, problem.names), options.on_divergence)
    asked = options.tol is not None
    if inner.status is Status.MAX_ITER and predictable and asked:
        to_go = outlook.iterations_to_go(tolerance, rate, inner.coef, inner.intercept, tol)
    near = tolerance.reached(inner.coef, inner.intercept, tol)
    cure = None
    if not diverged and near is not Status.CONVERGED:
        cure = ending.cure(inner, automatic=automatic, predictable=predictable, to_go=to_go, dtype=options.dtype)
    w, b = frame.leave(inner.coef, inner.intercept)
    return Descent(
        problem=problem,
        solution=replace(inner, coef=w, intercept=b, history=tuple(loss * unit_of_loss for loss in inner.history)),
        path=np.array(path) if options.record_path else None,
        learning_rate=rate,
        loss=quadratic.loss(inner.coef, inner.intercept) * unit_of_loss,
        gap=float(tolerance.gaps(inner.coef, inner.intercept).max()),
        cure=cure,
        converged=not diverged and near is Status.CONVERGED,
        stop_reason=ending.sentence(problem, inner, rate, predictable=predictable, asked=asked, to_go=to_go),
    )


def _epochs(
    source: Source, options: Options, problem: Problem, rng: np.random.Generator
) -> Callable[[], Iterable[Batch]]:
    """What one pass of the loop reads: nothing, the whole table, or shuffled mini-batches."""
    rows = problem.frame.rows
    if options.engine == "moments":
        if options.batch_size is not None:
            raise DataError(
                f"engine 'moments' has no rows to cut into batches of {options.batch_size}",
                hint="batches need engine 'numpy', 'autograd' or 'nn'",
            )
        nothing = (Batch.of(np.empty((0, len(source.feature_names))), np.empty(0)),)
        return lambda: nothing
    if options.batch_size is None:
        everything = (rows(whole(source)),)
        return lambda: everything
    # A row's part of a step is its weight against the mean weight of all rows, not of its batch: otherwise small
    # batches would forget the weights, and descend to another answer.
    mean_weight = problem.moments.weight / problem.moments.rows

    def shared(batch: Batch) -> Batch:
        if batch.weight is None:
            return batch
        return replace(batch, share=batch.weight / (mean_weight * len(batch)))

    return lambda: (rows(shared(batch)) for batch in source.batches(options.batch_size, shuffle=rng))


def _safe_rate(options: Options, problem: Problem, epoch: Callable[[], Iterable[Batch]]) -> float:
    """1 / L for the full batch: it cannot diverge. 1 / (2 L_m) for mini-batches of m.

    L_m, the expected smoothness, lies between L and the curvature of the worst single row: for m of n rows
    L_m = n (m - 1) / (m (n - 1)) L + (n - m) / (m (n - 1)) max_i 2 |z_i|^2 (Gower, Loizou, Qian, Sailanbayev,
    Shulgin, Richtarik 2019, proposition 3.8), z_i with its relative weight; half its inverse is the rate of their
    theorem 3.1.
    """
    if options.optimizer != "sgd":
        raise DataError(
            f"learning_rate='auto' is worked out for optimizer 'sgd', not for {options.optimizer!r}",
            hint="give the rate, for example learning_rate=0.01",
        )
    largest = problem.quadratic.largest
    if options.batch_size is None:
        return 1.0 / largest if largest > 0 else 1.0
    n, worst = 0, 0.0
    for batch in epoch():
        n += len(batch)
        squares = np.einsum("ij,ij->i", batch.X, batch.X) + options.fit_intercept
        worst = max(worst, float(2 * (len(batch) * batch.share * squares).max()))
    m = min(options.batch_size, n)
    smoothness = n * (m - 1) / (m * (n - 1)) * largest + (n - m) / (m * (n - 1)) * worst
    return 0.5 / smoothness if smoothness > 0 else 1.0


def _start(init: str | float | Array, features: int, bias: bool, rng: np.random.Generator) -> tuple[Array, float]:
    """Slopes and intercept to start from, in data units."""
    k = features + bias
    if isinstance(init, str):
        starts: dict[str, Callable[[int], Array]] = {
            "zeros": np.zeros,
            "uniform": rng.random,
            "normal": rng.standard_normal,
        }
        v = starts[init](k)
    else:
        try:
            v = np.asarray(init, dtype=float)
        except (TypeError, ValueError):
            choices = "'zeros', 'uniform', 'normal', a number or an array of numbers"
            raise DataError(f"init is {init!r}, expected {choices}") from None
        v = np.full(k, v) if v.ndim == 0 else v
        if bias and v.shape == (features,):
            v = np.append(v, 0.0)
        if v.shape != (k,) or not np.isfinite(v).all():
            shapes = f"({features},)" + (f", or ({k},) with the intercept last" if bias else "")
            raise DataError(f"init is {init!r}, expected finite numbers of shape {shapes}")
    return v[:features], float(v[features]) if bias else 0.0


def _raise_or_warn(error: DivergenceError, on_divergence: str) -> None:
    if on_divergence == "raise":
        raise error
    warnings.warn(str(error), DivergenceWarning, stacklevel=4)
