"""From rows and options to a finished descent: one pass for the statistics, a safe rate, a rung, the loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source, whole
from gradline.descent import divergence, outlook
from gradline.descent.conditioning import Conditioned, DataUnits, Frame
from gradline.descent.engines import make_engine
from gradline.descent.loop import OnIteration, descend
from gradline.descent.quadratic import Quadratic
from gradline.descent.stopping import Tolerance
from gradline.errors import CollinearityWarning, DataError, DivergenceError, DivergenceWarning
from gradline.moments.precision import Statistics, gather
from gradline.solution import Array, Dependency, Solution, Status

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
    solution : Solution
        Where it ended, in data units; `history` is the loss curve.
    exact : Solution
        The least squares answer, from the statistics of the same data.
    moments : Statistics
    path : (iterations + 1, features) float64 or None
        The slopes before the first step and after each, in data units.
    learning_rate, max_learning_rate, best_learning_rate : float
        The rate used, and what the problem descended allows (under "auto" that is the conditioned one).
    loss : float
        The mean squared error where it ended.
    gap : float
        The largest distance of a coefficient from the least squares answer, in its standard errors (relative,
        where there is none).
    iterations_to_go : int or None
        How many more would reach the tolerance, where the descent stopped before it and that can be foreseen.
    converged : bool
    stop_reason : str
        What happened, in a sentence or two.
    """

    solution: Solution
    exact: Solution
    moments: Statistics
    path: Array | None
    learning_rate: float
    max_learning_rate: float
    best_learning_rate: float
    loss: float
    gap: float
    iterations_to_go: int | None
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
        Where no fit is determined: one row, or a constant column beside an intercept.
    """
    names, bias = source.feature_names, options.fit_intercept
    moments, exact = gather(source, fit_intercept=bias)
    if moments.rows == 1:
        raise DataError(
            f"{source.name} has 1 sample (one row), through which every line can be drawn",
            hint="give at least two rows",
        )
    dependencies = exact.certificate.dependencies if exact.certificate else ()
    if bias:
        _refuse_constant(dependencies, moments, names)
    for dependency in dependencies:
        warnings.warn(dependency.sentence(names), CollinearityWarning, stacklevel=3)
    automatic = options.learning_rate == "auto"
    _refuse_extreme(moments, names)
    frame: Frame = Conditioned.of(moments, exact, bias=bias) if automatic else DataUnits(len(names))
    quadratic = frame.quadratic(Quadratic.of(moments, exact, bias=bias))
    tolerance = Tolerance.of(moments, exact, quadratic, frame, options.dtype)

    epoch = _epochs(source, options, frame, rng)
    rate = _safe_rate(options, quadratic, epoch) if automatic else float(options.learning_rate)
    predictable = options.batch_size is None and options.optimizer == "sgd"
    hopeless = predictable and divergence.beyond_limit(rate, quadratic)
    if hopeless:
        _raise_or_warn(divergence.refused(rate, quadratic, names), options.on_divergence)

    start = frame.enter(*_start(options.init, len(names), bias, rng))
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

    def hear(iteration: int, loss: float, w: Array, b: float) -> None:
        w, b = frame.leave(w, b)
        if options.record_path:
            path.append(w)
        if on_iteration:
            on_iteration(iteration, loss, w, b)

    tol = DEFAULT_TOL if options.tol is None else options.tol
    solution = descend(
        engine,
        epoch,
        max_iter=options.max_iter,
        stop=None if options.tol is None else lambda w, b: tolerance.reached(w, b, tol),
        on_iteration=hear if options.record_path or on_iteration else None,
        ceiling=1e6
        * max(quadratic.loss(*start), float(moments.scatter[-1, -1] / moments.weight + moments.mean[-1] ** 2)),
    )
    gaps, losses, to_go = tolerance.gaps(solution.coef, solution.intercept), solution.history, None
    if solution.status is Status.DIVERGED:
        if not hopeless:
            _raise_or_warn(
                divergence.exploded(rate, losses, quadratic if options.optimizer == "sgd" else None, names),
                options.on_divergence,
            )
        reason = divergence.stop_sentence(rate, losses, quadratic if predictable else None)
    elif solution.status is Status.CONVERGED:
        near = f"every coefficient is within {gaps.max():.2g} standard errors of the least squares answer"
        reason = f"Converged at iteration {len(losses)}: {near}."
    else:
        farthest = int(gaps.argmax())
        name = f"'{names[farthest]}'" if farthest < len(names) else "the intercept"
        far = f"{name} is {gaps[farthest]:.2g} standard errors from the least squares answer"
        reason = f"Stopped after the {len(losses)} iterations asked for: {far}."
        if predictable:
            to_go = outlook.iterations_to_go(tolerance, rate, solution.coef, solution.intercept, tol)
            reason += _crawl(outlook.half_life(quadratic, rate), to_go)
    w, b = frame.leave(solution.coef, solution.intercept)
    return Descent(
        solution=replace(solution, coef=w, intercept=b),
        exact=exact,
        moments=moments,
        path=np.array(path) if options.record_path else None,
        learning_rate=rate,
        max_learning_rate=quadratic.max_learning_rate,
        best_learning_rate=quadratic.best_learning_rate,
        loss=quadratic.loss(solution.coef, solution.intercept),
        gap=float(gaps.max()),
        iterations_to_go=to_go,
        converged=solution.status is not Status.DIVERGED and tolerance.reached(solution.coef, solution.intercept, tol),
        stop_reason=reason,
    )


def _refuse_constant(dependencies: Sequence[Dependency], moments: Statistics, names: tuple[str, ...]) -> None:
    for j in (d.column for d in dependencies if d.factors == {}):
        raise DataError(
            f"column '{names[j]}' is constant ({moments.mean[j]:g} in every row): "
            "its effect cannot be told apart from the intercept",
            hint="leave the column out, or fit without an intercept",
        )


def _refuse_extreme(moments: Statistics, names: tuple[str, ...]) -> None:
    """A descent multiplies columns by themselves: where that overflows or vanishes there is no curvature to see."""
    scatter = np.diag(moments.scatter)
    square = scatter / moments.weight + moments.mean**2
    for j, name in enumerate(names):
        if not np.isfinite(square[j]) or (square[j] < np.finfo(float).tiny and moments.mean[j] != 0):
            raise DataError(
                f"column '{name}' is of size {abs(moments.mean[j]):.2g}: its square is beyond float64",
                hint="rescale the column, or fit it the exact way, which takes every float64 (LinearRegression)",
            )
    if not np.isfinite(square[-1]):
        raise DataError(
            f"the target is of size {abs(moments.mean[-1]):.2g}: its square, and so the loss, is beyond float64",
            hint="rescale it, or fit it the exact way, which takes every float64 (LinearRegression)",
        )


def _epochs(source: Source, options: Options, frame: Frame, rng: np.random.Generator) -> Callable[[], Iterable[Batch]]:
    """What one pass of the loop reads: nothing, the whole table, or shuffled mini-batches."""
    if options.engine == "moments":
        if options.batch_size is not None:
            raise DataError(
                f"engine 'moments' has no rows to cut into batches of {options.batch_size}",
                hint="leave batch_size=None, or use engine 'numpy', 'autograd' or 'nn'",
            )
        nothing = (Batch.of(np.empty((0, len(source.feature_names))), np.empty(0)),)
        return lambda: nothing
    if options.batch_size is None:
        everything = (frame.rows(whole(source)),)
        return lambda: everything
    return lambda: (frame.rows(batch) for batch in source.batches(options.batch_size, shuffle=rng))


def _safe_rate(options: Options, quadratic: Quadratic, epoch: Callable[[], Iterable[Batch]]) -> float:
    """1 / L for the full batch: it cannot diverge. 1 / (2 L_m) for mini-batches of m.

    L_m, the expected smoothness, lies between L and the curvature of the worst single row: for m of n rows
    L_m = n (m - 1) / (m (n - 1)) L + (n - m) / (m (n - 1)) max_i 2 |z_i|^2 (Gower, Loizou, Qian, Sailanbayev,
    Shulgin, Richtarik 2019, proposition 3.8); half its inverse is the rate of their theorem 3.1.
    """
    if options.optimizer != "sgd":
        raise DataError(
            f"learning_rate='auto' is worked out for optimizer 'sgd', not for {options.optimizer!r}",
            hint="give the rate, for example learning_rate=0.01",
        )
    if options.batch_size is None:
        return 1.0 / quadratic.largest if quadratic.largest > 0 else 1.0
    n, worst = 0, 0.0
    for batch in epoch():
        n += len(batch)
        worst = max(worst, float(2 * (np.einsum("ij,ij->i", batch.X, batch.X).max() + quadratic.bias)))
    m = min(options.batch_size, n)
    smoothness = n * (m - 1) / (m * (n - 1)) * quadratic.largest + (n - m) / (m * (n - 1)) * worst
    return 0.5 / smoothness


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
        v = np.asarray(init, dtype=float)
        v = np.full(k, v) if v.ndim == 0 else v
        if bias and v.shape == (features,):
            v = np.append(v, 0.0)
        if v.shape != (k,) or not np.isfinite(v).all():
            shapes = f"({features},)" + (f", or ({k},) with the intercept last" if bias else "")
            raise DataError(f"init has shape {v.shape}, expected finite numbers of shape {shapes}")
    return v[:features], float(v[features]) if bias else 0.0


def _raise_or_warn(error: DivergenceError, on_divergence: str) -> None:
    if on_divergence == "raise":
        raise error
    warnings.warn(str(error), DivergenceWarning, stacklevel=4)


def _crawl(half_life: float, to_go: int | None) -> str:
    if to_go is None:
        return " At this rate no number of iterations would do."
    return f" The slowest direction halves its error every {half_life:,.3g} iterations; about {to_go:,} more would do."
