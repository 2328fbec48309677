"""Say why a descent diverges: which rate, which limit, which column, which cure."""

from __future__ import annotations

import math

from gradline.descent.goal.quadratic import Curved
from gradline.descent.steps import momentum as heavy_ball
from gradline.errors import DataError, DivergenceError


def limit(quadratic: Curved, momentum: float = 0.0) -> float:
    """2 (1 + momentum) / largest curvature: at or above it a full-batch descent does not converge."""
    return quadratic.max_learning_rate * (1.0 + momentum)


def beyond_limit(learning_rate: float, quadratic: Curved, momentum: float = 0.0) -> bool:
    """Is a full-batch rate above the limit? At the limit itself a descent bounces for ever."""
    return learning_rate > limit(quadratic, momentum) * (1 + 1e-12)


def refused(learning_rate: float, quadratic: Curved, names: tuple[str, ...], momentum: float = 0.0) -> DivergenceError:
    """The error for a full-batch rate that must diverge, before the first step."""
    column, most = steepest_name(quadratic, names), no_more_than(limit(quadratic, momentum), 4)
    told = (
        f"diverges on these data: the limit is {most} "
        f"({_factor(momentum)} / largest curvature {quadratic.largest:.4g}, set by {column}); "
        f"{_step(learning_rate, quadratic, momentum)}"
    )
    return _refusal(learning_rate, quadratic, momentum, told, column, allowed(quadratic, momentum))


def refused_near(
    learning_rate: float, near: Curved, names: tuple[str, ...], momentum: float, *, safe: float, loss: str
) -> DivergenceError:
    """The error for a full-batch rate at which the answer of another loss repels: `near` is how it bends there.

    `safe` is 1 over a bound of its curvature anywhere; with momentum (1 - momentum) times that descends from any start
    (Ghadimi, Feyzmahdavian and Johansson 2015, Global convergence of the heavy-ball method for convex optimization).
    """
    column, most = steepest_name(near, names), no_more_than(limit(near, momentum), 4)
    told = (
        f"does not converge on these data: at the answer of the {loss} loss the limit "
        f"is {most} ({_factor(momentum)} / largest curvature there {near.largest:.4g}, set by {column}); every step "
        f"near it multiplies the error by {growth(learning_rate, near, momentum):.4g}"
    )
    cure = f"{no_more_than((1.0 - momentum) * safe, 3)} is safe from any start"
    return _refusal(learning_rate, near, momentum, told, column, cure)


def _refusal(
    learning_rate: float, quadratic: Curved, momentum: float, told: str, column: str, cure: str
) -> DivergenceError:
    return DivergenceError(
        f"learning rate {learning_rate:g} {told}",
        learning_rate=learning_rate,
        iteration=0,
        loss=float("nan"),
        max_learning_rate=limit(quadratic, momentum),
        best_learning_rate=quadratic.best_learning_rate,
        column=column,
        hint=f"{cure}, or let learning_rate='auto' choose",
    )


def exploded(
    learning_rate: float | None,
    losses: tuple[float, ...],
    quadratic: Curved | None,
    momentum: float = 0.0,
    *,
    column: str | None = None,
    of_a_row: float = math.nan,
) -> DivergenceError:
    """The error for a loss that left all bounds during the run.

    Parameters
    ----------
    quadratic : Curved or None
        Where it limits the rate (plain SGD).
    column : str or None
        The steepest one, in words, where the descent goes along columns.
    of_a_row : float
        The largest curvature of a single row, of mini-batches: no batch is steeper.
    """
    rate = "the optimizer's own learning rate" if learning_rate is None else f"learning rate {learning_rate:g}"
    steepest = "" if column is None else f"; the steepest direction is mostly {column}"
    message = f"descent with {rate} diverged at iteration {len(losses)}: {_rise(losses)}{_pace(losses)}{steepest}"
    if not math.isnan(of_a_row):
        hint = f"{_in_batches(learning_rate, of_a_row, momentum)}, or let learning_rate='auto' choose"
    elif quadratic is not None:
        hint = f"{allowed(quadratic, momentum)}, or let learning_rate='auto' choose"
    else:
        hint = "lower the rate, and standardise columns of very different size"
    return DivergenceError(
        message,
        learning_rate=float("nan") if learning_rate is None else learning_rate,
        iteration=len(losses),
        loss=losses[-1],
        max_learning_rate=None if quadratic is None else limit(quadratic, momentum),
        best_learning_rate=None if quadratic is None else quadratic.best_learning_rate,
        column=column,
        hint=hint,
    )


def overflowed(losses: tuple[float, ...]) -> DataError:
    """The error for a descent that does not diverge, but whose squared residuals leave the range of float32."""
    return DataError(
        f"float32 overflowed at iteration {len(losses)}: the squared residuals reach 3.4e38, where float32 ends, "
        "though the descent itself does not diverge",
        hint="use dtype='float64', or learning_rate='auto', which rescales the target",
    )


def stop_sentence(
    learning_rate: float, losses: tuple[float, ...], quadratic: Curved | None, momentum: float = 0.0
) -> str:
    """`stop_reason_` of a descent that was allowed to diverge; `quadratic` where full batches make it predictable."""
    seen = f"Stopped at iteration {len(losses)}: {_rise(losses)}"
    if quadratic is None:
        return f"{seen}{_pace(losses)}."
    return f"{seen}; {_step(learning_rate, quadratic, momentum)}."


def allowed(quadratic: Curved, momentum: float = 0.0) -> str:
    """What these data allow, as a phrase."""
    if momentum:
        most, safe = no_more_than(limit(quadratic, momentum), 4), no_more_than(0.5 * quadratic.max_learning_rate, 3)
        return f"with momentum {momentum:g} these data allow at most {most}; {safe} is safe with any"
    most, best = no_more_than(quadratic.max_learning_rate, 4), no_more_than(quadratic.best_learning_rate, 3)
    one_step = quadratic.smallest > 0.999 * quadratic.largest
    praise = "lands in one step" if one_step else "is the fastest constant rate"
    return f"these data allow at most {most}; {best} {praise}"


def _in_batches(learning_rate: float | None, of_a_row: float, momentum: float) -> str:
    """A rate for mini-batches that works: half of what the steepest row allows, by which no batch leads away."""
    half = (1.0 - momentum) / of_a_row if of_a_row > 0 else math.inf
    if learning_rate is not None and not half < learning_rate:
        return f"try {no_more_than(0.1 * learning_rate, 3)}"
    if momentum:
        return f"try {no_more_than(half, 3)}, (1 - momentum {momentum:g}) / the curvature of the steepest row"
    return f"every batch allows {no_more_than(2.0 * half, 4)}, as its steepest row does; try {no_more_than(half, 3)}"


def no_more_than(rate: float, digits: int) -> str:
    """A rate in so many digits, rounded down: who types it in again must not be above the limit.

    Examples
    --------
    >>> no_more_than(0.00010159, 3), no_more_than(0.0152439, 4), no_more_than(2e-12, 3)
    ('0.000101', '0.01524', '2e-12')
    """
    shown = f"{rate:.{digits}g}"
    if float(shown) <= rate or not math.isfinite(rate):
        return shown
    return f"{rate - 10.0 ** (math.floor(math.log10(rate)) - digits + 1):.{digits}g}"


def growth(learning_rate: float, quadratic: Curved, momentum: float = 0.0) -> float:
    """The factor on the error along the steepest direction, per full-batch step: 1 - rate * curvature."""
    return heavy_ball.factor(learning_rate, quadratic.largest, momentum)


def _step(learning_rate: float, quadratic: Curved, momentum: float) -> str:
    factor = growth(learning_rate, quadratic, momentum)
    told = f"{factor:.4g}" if math.isfinite(factor) else "more than float64 holds"
    return f"every step multiplies the error by {told}"


def steepest_name(quadratic: Curved, names: tuple[str, ...]) -> str:
    """The column that sets the limit, in words."""
    j = quadratic.steepest
    return f"column '{names[j]}'" if j < len(names) else "the intercept"


def _factor(momentum: float) -> str:
    return f"2 (1 + momentum {momentum:g})" if momentum else "2"


def _pace(losses: tuple[float, ...]) -> str:
    """What the last iteration did to it, where that can be seen."""
    if len(losses) < 2 or not 0 < losses[-2] < losses[-1] < math.inf:
        return ""
    return f", {losses[-1] / losses[-2]:.3g} times that of the iteration before"


def _rise(losses: tuple[float, ...]) -> str:
    first, last = losses[0], losses[-1]
    if not 2 * first < last < 1e12 * first:
        return f"the loss is {last:g}"
    return f"the loss is {float(f'{last / first:.1g}'):,.0f} times its start"
