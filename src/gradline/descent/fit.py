"""From rows and options to a finished descent: one pass for the problem, a safe rate, a rung, the loop."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gradline.data.processes import Processes, processes_of
from gradline.data.source import Source
from gradline.descent.engine import Engine, optimizer_of
from gradline.descent.engines import make_engine
from gradline.descent.finished import Descent, finished
from gradline.descent.goal.problem import Problem
from gradline.descent.losses.mean_loss import mean_loss, runs_through
from gradline.descent.options import DEFAULT_TOL, Options
from gradline.descent.processes import in_step
from gradline.descent.run import Run, raise_or_warn, split
from gradline.descent.steps import epochs
from gradline.descent.steps.epochs import Epoch
from gradline.descent.steps.schedule import CautiousRate, FallingRate, Schedule
from gradline.descent.steps.start import starting_point
from gradline.descent.telling import divergence
from gradline.descent.watching.after_pass import AfterPass
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.watching.history import Callback
from gradline.descent.wide.problem import WideProblem
from gradline.descent.wide.refusals import MOST_FEATURES
from gradline.solution import Array, Solution, Status


def fit(source: Source, options: Options, rng: np.random.Generator, *callbacks: Callback) -> Descent:
    """Descend on `source`; every callback hears of every pass, and ends the descent by returning True.

    Raises
    ------
    DivergenceError
        Before the first step where a full-batch rate is above its limit; during the run in the iteration where
        the loss explodes. Under `on_divergence="warn"` a `DivergenceWarning` instead, and what there is.
    DataError
        Where no fit is determined, or numbers leave the range of the dtype.
    """
    processes = processes_of(source)
    training, validation = split(source, options, rng)
    problem: Problem | WideProblem
    along_sums = options.engine == "moments"
    if len(training.feature_names) > MOST_FEATURES:
        problem = WideProblem.of(training, options)
    else:
        problem = Problem.of(
            training,
            loss=options.cost,
            bias=options.fit_intercept,
            conditioned=options.automatic,
            dtype=options.dtype,
            # Steps along the sums themselves are to be those along the rows, to their digits.
            within=None if along_sums else 0.01 * min(DEFAULT_TOL, options.tol or DEFAULT_TOL),
            along_sums=along_sums,
        )
    options = problem.tuned(options)
    rows = problem.moments.rows
    mean_over = None
    if options.batch_size is not None:
        rows = epochs.rows_of_a_pass(training, rows)
        mean_over = min(options.batch_size, rows) if options.automatic else None
    epoch = _epochs(training, options, problem, rng, rows, mean_over)
    start = problem.frame.enter(*starting_point(options.init, len(problem.names), problem.bias, rng))
    rate = _rate(options, problem, epoch, rows, mean_over, processes)
    if rate is not None and options.automatic and options.scheduler is None and not options.squared:
        # From afar every row pulls alike, however far: a rate for the end would never get there. It is lowered in time.
        steps = math.ceil(rows / mean_over) if mean_over else 1
        rate = max(rate, (1.0 - options.kept_of_steps) * problem.reaching(training, *start, steps))
    hopeless = _refuse_hopeless(rate, options, problem)

    engine = make_engine(
        options.engine,
        *start,
        learning_rate=rate,
        quadratic=problem.quadratic,
        loss=problem.loss,
        momentum=options.momentum,
        optimizer=options.optimizer,
        optimizer_options=options.optimizer_options,
        dtype=options.dtype,
        device=options.device,
    )
    engine = in_step(processes, engine)
    early = None
    if validation is not None:
        loss, held = problem.loss_in_data_units, validation
        early = EarlyStopping(
            lambda w, b: mean_loss(held, loss, *problem.frame.leave(w, b)), patience=options.n_iter_no_change
        )
    path = [problem.frame.leave(*start)[0]] if options.record_path else None
    tol = DEFAULT_TOL if options.tol is None else options.tol

    pace = _pace(engine, rate, options, problem, rows, mean_over)
    run = Run(engine, options, rng, path, early, source=training, identity=problem.identity(), pace=pace)

    def to_go(w: Array, b: float) -> int | None:
        if rate is None or not options.steady or not problem.foretells:
            return None
        return problem.iterations_to_go(rate, w, b, tol, options.momentum)

    after_pass = AfterPass(
        problem.frame,
        problem.unit_of_loss,
        path=path,
        set_pace=run.pace,
        early_stopping=early,
        callbacks=callbacks,
        distance=problem.distance,
        to_go=to_go,
    )
    ceiling = 1e6 * max(problem.squares.loss(*start), problem.target_square) ** (problem.loss.degree / 2)
    stop = None if options.tol is None else problem.watch(options, rate, tol)
    inner = run.descend(epoch, after_pass, stop=stop, ceiling=ceiling, mean_over=mean_over)
    if inner.status is Status.DIVERGED and not hopeless:
        history = tuple(loss * problem.unit_of_loss for loss in inner.history)
        _tell_divergence(rate, history, ceiling, options, problem, epoch, processes)
    if isinstance(pace, CautiousRate):
        rate = pace.rate
    if isinstance(problem, Problem):
        problem, inner = _without_digits_of_zero(problem, inner, training, options, tol)
    optimizer = optimizer_of(engine)
    if rate is None and optimizer is not None:
        own_rate = float(optimizer.param_groups[0]["lr"])
    else:
        own_rate = math.nan if rate is None else rate
    return finished(problem, options, inner, rate, own_rate, early, path, training)


def _without_digits_of_zero(
    problem: Problem, inner: Solution, source: Source, options: Options, tol: float
) -> tuple[Problem, Solution]:
    """A coefficient that is zero but for the rounding of y has no digits: they cannot be had, nor are they missed.

    But only where every row lies on the line: beside a row of enormous numbers all others are rounding to the sums.
    However the descent ended: the status tells that, and is another only where it ended for the sake of those digits.
    """
    if problem.tolerance.reached(inner.coef, inner.intercept, tol) is not Status.ROUNDING:
        return problem, inner
    forgiving = problem.tolerance.of_a_line_through_all_rows()
    near = forgiving.reached(inner.coef, inner.intercept, tol) is Status.CONVERGED
    line = problem.frame.leave(inner.coef, inner.intercept)
    if (
        not near
        or problem.tolerance.has_error.all()
        or not all(processes_of(source).gathered(runs_through(source, *line, options.dtype)))
    ):
        return problem, inner
    status = Status.CONVERGED if inner.status is Status.ROUNDING else inner.status
    return replace(problem, tolerance=forgiving), replace(inner, status=status)


def _epochs(
    source: Source,
    options: Options,
    problem: Problem | WideProblem,
    rng: np.random.Generator,
    rows: int,
    mean_over: int | None,
) -> Epoch:
    if options.engine == "moments":
        return epochs.no_rows(source, options.batch_size)
    if options.batch_size is None:
        return problem.full_batches(source, options)
    mean_weight = problem.moments.weight / rows
    return epochs.mini_batches(source, problem.frame, options.batch_size, mean_weight, rng, mean_over)


def _rate(
    options: Options,
    problem: Problem | WideProblem,
    epoch: Epoch,
    rows: int,
    mean_over: int | None,
    processes: Processes,
) -> float | None:
    """1 / L for the full batch: it cannot diverge. 1 / (2 L_m) for mini-batches of m rows, L_m their expected
    smoothness (Gower et al. 2019, theorem 3.1), to begin with. None for an optimizer that has a rate of its own.
    """
    if not options.automatic:
        return float(options.learning_rate)
    if options.optimizer != "sgd" or "lr" in options.optimizer_options:
        return None
    if mean_over is None:
        return problem.rate(options.momentum)
    largest = problem.squares.largest
    smoothness = epochs.expected_smoothness(epoch, mean_over, rows, largest, problem.bias, processes)
    if largest > 0:  # of another loss, as it bends near the answer
        smoothness *= problem.quadratic.largest / largest
    # A heavy ball goes 1 / (1 - momentum) times as far on each gradient, its noise included.
    return (0.5 / smoothness if smoothness > 0 else 1.0) * (1.0 - options.kept_of_steps)


def _pace(
    engine: Engine,
    rate: float | None,
    options: Options,
    problem: Problem | WideProblem,
    rows: int,
    mean_over: int | None,
) -> FallingRate | CautiousRate | None:
    """How the rate changes from pass to pass; None where it stays, or is the user's or an optimizer's own affair."""
    if rate is None or not options.automatic or options.scheduler is not None:
        return None
    if mean_over:
        pull = problem.quadratic.smallest * rows / mean_over
        schedule = Schedule(rate / (1.0 - options.kept_of_steps), pull, quadratic=options.squared)
        return FallingRate(engine, schedule, problem.distance, options.kept_of_steps)
    if options.squared:
        return None
    return CautiousRate(engine, rate, near=problem.rate(options.momentum), safe=problem.safe_rate)


def _refuse_hopeless(rate: float | None, options: Options, problem: Problem | WideProblem) -> bool:
    """Is the rate one that cannot converge?

    Least squares pulls ever harder the farther it is off, and runs away. Another loss may not, but where it bends the
    answer repels such steps all the same: they bounce about it for ever. An automatic rate for it is lowered in time.
    """
    if rate is None or not options.steady or math.isnan(problem.max_learning_rate(options.momentum)):
        return False
    other = None if options.squared or not isinstance(problem, Problem) else problem
    if other is not None and (options.automatic or not other.certain):
        return False
    hopeless = divergence.beyond_limit(rate, problem.quadratic, options.momentum)
    if hopeless and other is not None:
        found = (other.quadratic, other.names, options.momentum)
        refused = divergence.refused_near(rate, *found, safe=other.safe_rate, loss=other.settled.name)
        raise_or_warn(refused, options.on_divergence)
    elif hopeless:
        refused = divergence.refused(rate, problem.quadratic, problem.names, options.momentum)
        raise_or_warn(refused, options.on_divergence)
    return hopeless


def _tell_divergence(
    rate: float | None,
    history: tuple[float, ...],
    ceiling: float,
    options: Options,
    problem: Problem | WideProblem,
    epoch: Epoch,
    processes: Processes,
) -> None:
    if options.dtype == "float32" and ceiling > float(np.finfo(np.float32).max):
        raise divergence.overflowed(history)
    plain = options.optimizer == "sgd" and not options.optimizer_options and options.squared
    of_a_row = math.nan
    if plain and options.batch_size is not None:
        of_a_row = epochs.steepest_row(epoch, problem.bias, processes=processes)
    error = divergence.exploded(
        rate,
        history,
        problem.quadratic if plain else None,
        options.momentum,
        # An automatic rate descends in directions that mix the columns.
        column=None if options.automatic else divergence.steepest_name(problem.quadratic, problem.names),
        of_a_row=of_a_row,
    )
    raise_or_warn(error, options.on_divergence)
