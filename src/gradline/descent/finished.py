"""A finished descent: where it ended, how near that is, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradline.data.source import Source
from gradline.descent.goal.problem import Problem
from gradline.descent.losses.mean_loss import mean_loss
from gradline.descent.options import DEFAULT_TOL, Options
from gradline.descent.telling import ending
from gradline.descent.watching.early_stopping import EarlyStopping
from gradline.descent.wide.problem import WideProblem
from gradline.solution import Array, Solution, Status


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """A finished descent.

    Attributes
    ----------
    problem : Problem or WideProblem
        What was descended, and the certified answer it is measured against, where there is one.
    solution : Solution
        Where it ended, in data units; `history` is the loss curve.
    path : (iterations + 1, features) float64 or None
        The slopes before the first step and after each, in data units.
    learning_rate : float
        Of the problem descended: under "auto" that is the conditioned one, or what an optimizer began with.
    max_learning_rate : float
        At or above it full-batch steps do not converge; NaN where a loss with a kink allows no constant rate.
    limited : bool
        Whether that limit is one of the steps that were made: full batches, plain descent.
    in_batches : bool
        Whether a pass takes mini-batches: its loss is then the mean during it, of no one place.
    loss : float
        The mean loss where it ended.
    validation_loss : tuple of float
        The mean loss on the held-out rows after each pass; empty without them.
    gap : float
        The largest distance of a coefficient from the answer, in its standard errors (relative, where there is none).
    cure : str or None
        What to do where it stopped short of the tolerance.
    converged : bool
    stop_reason : str
        What happened, in a sentence or two.
    training : Source
        The rows that were descended on: all of them, or those that were not held out.
    """

    problem: Problem | WideProblem
    solution: Solution
    path: Array | None
    learning_rate: float
    max_learning_rate: float
    limited: bool
    in_batches: bool
    loss: float
    validation_loss: tuple[float, ...]
    gap: float
    cure: str | None
    converged: bool
    stop_reason: str
    training: Source


def finished(
    problem: Problem | WideProblem,
    options: Options,
    inner: Solution,
    rate: float | None,
    own_rate: float,
    early_stopping: EarlyStopping | None,
    path: list[Array] | None,
    training: Source,
) -> Descent:
    """In data units, with how near it came and what to do where that is too far."""
    tolerance, momentum = problem.tolerance, options.momentum
    tol = DEFAULT_TOL if options.tol is None else options.tol
    diverged, to_go = inner.status is Status.DIVERGED, None
    predictable = options.steady and rate is not None and problem.foretells
    if inner.status is Status.MAX_ITER and predictable and options.tol is not None:
        assert rate is not None
        to_go = problem.iterations_to_go(rate, inner.coef, inner.intercept, tol, momentum)
    near = tolerance.reached(inner.coef, inner.intercept, tol)
    if inner.status is Status.CONVERGED:
        near = Status.CONVERGED
    cure = None
    meant = inner.status in (Status.CALLBACK, Status.VALIDATION)
    if not (diverged or meant or near is Status.CONVERGED):
        solvable = options.squared and problem.exact is not None
        gap = float(tolerance.gaps(inner.coef, inner.intercept).max())
        beyond = problem.beyond_rounding
        cure = ending.cure(inner, options, solvable=solvable, beyond_rounding=beyond, gap=gap, tol=tol, to_go=to_go)
    w, b = problem.frame.leave(inner.coef, inner.intercept)
    history = tuple(loss * problem.unit_of_loss for loss in inner.history)
    if options.squared:
        loss = problem.quadratic.loss(inner.coef, inner.intercept) * problem.unit_of_loss
    else:
        loss = mean_loss(training, problem.loss_in_data_units, w, b)
    return Descent(
        problem=problem,
        solution=replace(inner, coef=w, intercept=b, history=history),
        path=None if path is None else np.array(path),
        learning_rate=own_rate,
        max_learning_rate=problem.max_learning_rate(momentum),
        limited=options.steady,
        in_batches=options.batch_size is not None,
        loss=loss,
        validation_loss=tuple(early_stopping.losses) if early_stopping else (),
        gap=float(tolerance.gaps(inner.coef, inner.intercept).max()),
        cure=cure,
        converged=not diverged and problem.certain and near is Status.CONVERGED,
        stop_reason=ending.sentence(
            problem,
            replace(inner, history=history),
            rate,
            momentum,
            predictable=predictable,
            asked=options.tol is not None,
            to_go=to_go,
            early_stopping=early_stopping,
        ),
        training=training,
    )
