"""Where the script is a linear regression: its final parameters beside the closed form, and a rate that crawls (4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker.fits import Fit
from gradline.lessons.checker.notes import Note, number
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.values import copied

if TYPE_CHECKING:
    from gradline.solution import Array

ILL = 100.0  # condition number of the curvatures, above which a rate right for one direction crawls in another
MISSING = 0.01  # of the variance of y, which the descent leaves unexplained though a straight line explains it
FAR, MANY = 0.1, 1000  # of the length of the answer; steps after which one wants it, and not only a line that fits
STRAY, ROUNDING = 0.01, 1e-6  # how far off a step may be in the flat direction
SHOWN = 4  # coefficients that are told one by one
ELSEWHERE = 0.01  # of the gradient at zero, that is left in the end
ALONG = 1 - 1e-6  # cosine of a step and the gradient against which it was made


def learned_from(fits: list[tuple[Fit, Array]]) -> tuple[Fit, Array] | None:
    """Of fits, each with where its coefficients ended, the one that was descended; others look on, as validation does.

    Of those of the first's parameters it is one against whose gradient a step was made, else that whose gradient is
    least in the end. None where that is looked at once in several steps, and they led elsewhere: to other rows.
    """

    def apart(found: tuple[Fit, Array]) -> tuple[bool, float]:
        import numpy as np

        fit, final = found
        left = float(np.linalg.norm(fit.gradient(final)))
        return not _steps_along(fit), left if math.isfinite(left) else math.inf

    fit, final = min((found for found in fits if found[0].of_same_parameters(fits[0][0])), key=apart)
    beside, left = apart((fit, final))
    elsewhere = left > ELSEWHERE * apart((fit, 0 * fit.coefficients))[1]
    return None if fit.passed_by and beside and elsewhere else (fit, final)


def _steps_along(fit: Fit) -> bool:
    """Whether a step between two sightings went against this gradient; of one coefficient each goes along it."""
    import numpy as np

    if fit.later is None or len(fit.later) == 1:
        return False
    step, gradient = fit.later - fit.coefficients, fit.gradient(fit.coefficients)
    return bool(-(step @ gradient) > ALONG * np.linalg.norm(step) * np.linalg.norm(gradient))


def closed_form(fit: Fit, final: Array) -> tuple[str, Array] | None:
    """The sentence that compares where the descent ended with the least squares solution; and that solution."""
    import numpy as np

    from gradline.moments.moments import Moments
    from gradline.moments.squares import SquaresError

    if not (np.isfinite(fit.X).all() and np.isfinite(fit.y).all()):
        return None
    intercept = len(final) > fit.X.shape[1]
    try:
        solution = Moments.of(fit.X, fit.y).solve(fit_intercept=intercept)
    except SquaresError:
        return None
    assert solution.certificate is not None
    if solution.certificate.rank < fit.X.shape[1]:
        return None
    best = np.append(solution.coef, solution.intercept) if intercept else solution.coef
    scale = np.abs(best).max() or 1.0
    best = np.where(np.abs(best) < 1e-14 * scale, 0.0, best)
    away = np.abs(final - best)
    if len(final) <= SHOWN:
        ended = ", ".join(f"{name} = {value:.7g}" for name, value in zip(fit.names, final, strict=True))
        exact = ", ".join(f"{name} = {value:.7g}" for name, value in zip(fit.names, best, strict=True))
        held = f"; {fit.names[-1]} never moved" if fit.held is not None and away[-1] > 1e-6 * scale else ""
        return f"closed form of {fit.model}: {exact}. Your descent ended at {ended}: {_away(away)}{held}.", best
    worst = int(np.argmax(away)) if np.isfinite(away).all() else int(np.argmax(~np.isfinite(away)))
    return (
        f"closed form of {fit.model}, {len(final)} coefficients: the one that is furthest from it is "
        f"{fit.names[worst]}, which ended at {final[worst]:.7g} and is {best[worst]:.7g}: {_away(away)}."
    ), best


def crawling(fit: Fit, best: Array, final: Array, rate: float | None, place: Place, made: int) -> Note | None:
    """Pitfall 4: a flat direction of the loss has hardly moved, at a rate that is right for the steepest.

    `made` are the steps so far.
    """
    import numpy as np

    if rate is None or fit.later is None or not np.isfinite(final).all():
        return None
    design = fit.design(len(final))
    H = 2 / len(design) * design.T @ design
    curvatures, directions = np.linalg.eigh(H)
    error, before = final - best, fit.coefficients - best
    moved, gradient = fit.later - fit.coefficients, H @ before
    residual = np.abs(design @ fit.coefficients - fit.y)
    # the learner's gradient may be a sum, or lack a 2: what one step did says how much of the rate counts
    counts = -float(moved @ gradient) / float(gradient @ gradient) if gradient.any() else 0.0
    gain = counts * curvatures
    variance = float(np.mean((fit.y - (fit.y.mean() if len(final) > fit.X.shape[1] else 0)) ** 2))
    left = curvatures / 2 * (directions.T @ error) ** 2  # loss above the least, by direction
    flat = int(np.argmax(left))
    slow = abs(float(directions[:, flat] @ error))
    if not (curvatures[0] > 0 and curvatures[-1] / curvatures[flat] >= ILL and 0.02 < gain[-1] < 2):
        return None
    if left[flat] < left.sum() / 2:
        return None
    # what is told holds of steps against this very gradient; float32 leaves some rounding of what they are made from
    rounding = ROUNDING * (
        np.abs(fit.coefficients) + 2 * abs(counts) * np.mean(residual[:, None] * np.abs(design), axis=0)
    )
    off = abs(float(directions[:, flat] @ (moved + counts * gradient)))
    if off > STRAY * abs(counts * float(directions[:, flat] @ gradient)) + float(
        np.abs(directions[:, flat]) @ rounding
    ):
        return None
    steep = float(curvatures[-1] / curvatures[flat])
    standardised = _standardised(design)
    if (
        left.sum() <= MISSING * variance
    ):  # the line is good; is it the answer that was looked for, and is this the cure?
        far = slow > FAR * float(np.linalg.norm(best))
        if not (made >= MANY and far and steep > ILL * standardised):
            return None
    steps = math.log(slow / 1e-6) / -math.log1p(-gain[flat])
    worst = fit.names[int(np.argmax(np.abs(directions[:, flat])))]
    where = "the flattest" if flat == 0 else "a flat"
    return Note(
        4,
        place.line,
        f"{worst} ended {number(slow)} from its answer along {where} direction, which gains {100 * gain[flat]:.2g}% "
        f"per step: about {round(steps, 2 - len(str(int(steps)))):,.0f} more steps to 1e-6.",
        f"The loss is {steep:,.0f} times as steep in one direction as in another. The steepest one limits the rate; "
        "the flattest one then crawls.",
        "Standardise the features (subtract the mean, divide by the standard deviation): "
        f"{'all' if standardised < ILL else 'the'} directions become {'' if standardised < ILL else 'far more '}alike.",
    )


def _standardised(design: Array) -> float:
    """The condition number of the curvatures that standardised features have."""
    import numpy as np

    spread = design.std(axis=0)
    moving = design[:, spread > 0]
    constant = bool((spread == 0).any())
    scale = moving.std(axis=0) if constant else np.sqrt(np.mean(moving**2, axis=0))
    centred = (moving - moving.mean(axis=0) if constant else moving) / scale
    return float(np.linalg.cond(centred) ** 2) if centred.size else 1.0


def in_one_row(objects: list[Any]) -> Array:
    """The coefficients as they stand, in one row."""
    import numpy as np

    return np.concatenate([np.ravel(copied(each)) for each in objects])


def _away(away: Any) -> str:
    worst = float(away.max())
    if worst == 0:
        return "the same"
    return f"{worst:.2g} away" if math.isfinite(worst) else "nowhere near"
