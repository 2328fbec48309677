"""Where the script is a linear regression: its final parameters beside the closed form, and a rate that crawls (4).

Nothing is taken from names. Prediction and target are copied where they meet; data and parameters are those among the
learner's variables for which X @ w (+ b) is that very prediction, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker.names import name_of
from gradline.lessons.checker.notes import Note, number
from gradline.lessons.checker.places import Place
from gradline.lessons.checker.shapes import is_array

if TYPE_CHECKING:
    from gradline.solution import Array

LARGEST = 1_000_000  # rows of a prediction that is copied
LARGEST_DATA = 5_000_000  # numbers in data that are kept, as they are
CLOSE = 1e-4  # of the largest prediction: float32 adds up a thousand columns to within that
ILL = 100.0  # condition number of the curvatures, above which a rate right for one direction crawls in another
MISSING = 0.01  # of the variance of y, which the descent leaves unexplained though a straight line explains it
SHOWN = 4  # coefficients that are told one by one


@dataclass(eq=False)
class Sighting:
    """Two arrays that met, copied; the parameters, copied, as they stood; and what else the learner had."""

    place: Place
    one: Any
    other: Any
    parameters: list[tuple[str, Any, Any, Place | None]]  # name, the object, its values, the line that moves it
    data: dict[str, Any]


@dataclass(eq=False)
class Fit:
    """What was found: y is fitted by X @ w (+ b)."""

    data: Any  # the learner's X
    X: Array
    y: Array
    prediction: Array
    names: list[str]  # of the coefficients, the intercept last
    model: str
    coefficients: Array  # as they stood at the sighting, the intercept last
    objects: list[tuple[Any, Place | None]]  # w, and b
    later: Array | None = None  # the coefficients at the next sighting

    def continues(self, other: Fit) -> bool:
        """Whether this is the same regression, a step later: the same data, another prediction."""
        import numpy as np

        same = self.model == other.model and self.data is other.data and np.array_equal(self.y, other.y)
        return same and not np.array_equal(self.prediction, other.prediction)


@dataclass
class StraightLine:
    """Looks at predictions and targets twice, and thinks at the end."""

    sightings: list[Sighting] = field(default_factory=list)

    def look(self, one: Any, other: Any, place: Place, parameters: list[tuple[Any, Place | None]], seen: Any) -> None:
        """Copy what is there. `seen` gives the learner's variables by name."""
        if not parameters or not 2 <= len(one) <= LARGEST:
            return
        variables = seen()
        data = {name: value for name, value in variables.items() if _may_be_data(value, len(one))}
        try:
            known = [(name_of(p, variables, at.name if at else "w"), p, _copied(p), at) for p, at in parameters]
            self.sightings.append(Sighting(place, _copied(one), _copied(other), known, data))
        except RuntimeError:  # tensors without numbers: within vmap, on the meta device
            return

    def fit(self) -> Fit | None:
        """The regression that explains two sightings of a line with the same data: a full batch."""
        for first, second in combinations(self.sightings, 2):
            for found in _explanations(first) if first.place is second.place else ():
                again = next((fit for fit in _explanations(second) if fit.continues(found)), None)
                if again is not None:
                    found.later = again.coefficients
                    return found
        return None


def closed_form(fit: Fit, final: Array) -> tuple[str, Array] | None:
    """The sentence that compares where the descent ended with the least squares solution; and that solution."""
    import numpy as np

    from gradline.moments.moments import Moments

    if not (np.isfinite(fit.X).all() and np.isfinite(fit.y).all()):
        return None
    intercept = len(final) > fit.X.shape[1]
    solution = Moments.of(fit.X, fit.y).solve(fit_intercept=intercept)
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
        return f"closed form of {fit.model}: {exact}. Your descent ended at {ended}: {_away(away)}.", best
    worst = int(np.argmax(away)) if np.isfinite(away).all() else int(np.argmax(~np.isfinite(away)))
    return (
        f"closed form of {fit.model}, {len(final)} coefficients: the one that is furthest from it is "
        f"{fit.names[worst]}, which ended at {final[worst]:.7g} and is {best[worst]:.7g}: {_away(away)}."
    ), best


def crawling(fit: Fit, best: Array, final: Array, rate: float | None, place: Place) -> Note | None:
    """Pitfall 4: the flattest direction of the loss has hardly moved, at a rate that is right for the steepest."""
    import numpy as np

    if rate is None or fit.later is None or not np.isfinite(final).all():
        return None
    design = fit.X if len(final) == fit.X.shape[1] else np.column_stack([fit.X, np.ones(len(fit.X))])
    H = 2 / len(design) * design.T @ design
    curvatures, directions = np.linalg.eigh(H)
    error, before = final - best, fit.coefficients - best
    moved, gradient = fit.later - fit.coefficients, H @ before
    # the learner's gradient may be a sum, or lack a 2: what one step did says how much of the rate counts
    counts = -float(moved @ gradient) / float(gradient @ gradient) if gradient.any() else 0.0
    gain = counts * curvatures
    variance = float(np.mean((fit.y - (fit.y.mean() if len(final) > fit.X.shape[1] else 0)) ** 2))
    left = curvatures / 2 * (directions.T @ error) ** 2  # loss above the least, by direction
    slow = abs(float(directions[:, 0] @ error))
    if not (curvatures[0] > 0 and curvatures[-1] / curvatures[0] >= ILL and 0.02 < gain[-1] < 2):
        return None
    if left.sum() <= MISSING * variance or left[0] < left.sum() / 2:
        return None
    steps = math.log(slow / 1e-6) / -math.log1p(-gain[0])
    worst = fit.names[int(np.argmax(np.abs(directions[:, 0])))]
    return Note(
        4,
        place.line,
        f"{worst} ended {number(slow)} from its answer along the flattest direction, which gains {100 * gain[0]:.2g}% "
        f"per step: about {round(steps, 2 - len(str(int(steps)))):,.0f} more steps to 1e-6.",
        f"The loss is {curvatures[-1] / curvatures[0]:,.0f} times as steep in one direction as in another. The "
        "steepest one limits the rate; the flattest one then crawls.",
        "Standardise the features (subtract the mean, divide by the standard deviation): all directions become alike.",
    )


def values_of(objects: list[Any]) -> Array:
    """The coefficients as they stand, in one row."""
    import numpy as np

    return np.concatenate([np.ravel(_copied(each)) for each in objects])


def _explanations(sighting: Sighting) -> Iterator[Fit]:
    for prediction, target in ((sighting.one, sighting.other), (sighting.other, sighting.one)):
        yield from _explained(sighting, prediction, target)


def _explained(sighting: Sighting, prediction: Any, target: Any) -> Iterator[Fit]:
    import numpy as np

    rows = len(prediction)
    if prediction.size != rows or target.size != rows:
        return
    p, y = prediction.reshape(-1), target.reshape(-1)
    tolerance = CLOSE * float(np.max(np.abs(p)))
    if not 0 < tolerance < math.inf or np.allclose(p, p[0], rtol=CLOSE, atol=0):
        return
    for x_name, data in sighting.data.items():
        X = _copied(data).reshape(rows, -1)
        for w_name, w, coef, w_at in sighting.parameters:
            if coef.size == X.shape[1] + 1 and coef.ndim == 1:  # slopes and intercept in one
                names = [f"{w_name}[{j}]" for j in range(coef.size)]
                slopes = f"{x_name} @ {w_name}[:-1]" if X.shape[1] > 1 else f"{names[0]}*{x_name}"
                if np.abs(X @ coef[:-1] + coef[-1] - p).max() <= tolerance:
                    yield Fit(data, X, y, p, names, f"y = {slopes} + {names[-1]}", coef, [(w, w_at)])
            if coef.size != X.shape[1]:
                continue
            base = X @ coef.reshape(-1)
            times = f"{x_name} @ {w_name}" if X.shape[1] > 1 else f"{w_name}*{x_name}"
            names = [f"{w_name}[{j}]" for j in range(coef.size)] if coef.size > 1 else [w_name]
            if np.abs(base - p).max() <= tolerance and not np.array_equal(X[:, 0], y):
                yield Fit(data, X, y, p, names, f"y = {times}", coef.reshape(-1), [(w, w_at)])
            for b_name, b, intercept, b_at in sighting.parameters:
                if (
                    b is not w
                    and intercept.size == 1
                    and np.abs(base + float(intercept.reshape(-1)[0]) - p).max() <= tolerance
                ):
                    both = np.append(coef.reshape(-1), intercept.reshape(-1))
                    yield Fit(data, X, y, p, [*names, b_name], f"y = {times} + {b_name}", both, [(w, w_at), (b, b_at)])


def _may_be_data(value: Any, rows: int) -> bool:
    if not is_array(value) or not 0 < value.ndim <= 2 or len(value) != rows or math.prod(value.shape) > LARGEST_DATA:
        return False
    if hasattr(value, "requires_grad"):
        return not value.requires_grad and not value.is_complex()  # with its graph it would stay alive
    return value.dtype.kind in "fiub"


def _away(away: Any) -> str:
    worst = float(away.max())
    if worst == 0:
        return "the same"
    return f"{worst:.2g} away" if math.isfinite(worst) else "nowhere near"


def _copied(value: Any) -> Any:
    """The numbers as a float64 array of their own."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value, dtype=np.float64)
