"""Which of the learner's data and parameters make a prediction: the linear regressions that explain what was sighted.

Nothing is taken from names: data and parameters are those among the learner's variables for which X @ w (+ b) is that
very prediction, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gradline.lessons.checker.places import Place
from gradline.lessons.checker.values import copied

if TYPE_CHECKING:
    from gradline.solution import Array

CLOSE = 1e-4  # of the largest prediction: float32 adds up a thousand columns to within that
CLEAR = 4  # times as exact is a model with an intercept that belongs to it
EXACT = 1e-8  # of CLOSE: what float64 leaves


@dataclass(eq=False)
class Sighting:
    """Two arrays that met, copied; the parameters, copied, as they stood; and what else the learner had."""

    place: Place
    one: Any
    other: Any
    parameters: list[tuple[str, Any, Any, Place | None]]  # name, the object, its values, the line that moves it
    data: dict[str, Any]
    visit: int
    intercepts: dict[str, set[str]] = field(default_factory=dict)  # added to products, with the names in these
    held: list[tuple[str, float]] = field(default_factory=list)  # those of them that nothing moves
    steps: int = 0  # made so far

    def adds(self, name: str, to: str, moved_at: Place | None) -> bool:
        """Whether the script adds `name` to a product with this parameter in it, by either of its names."""
        factors = self.intercepts.get(name, set())
        return to in factors or (moved_at is not None and moved_at.name in factors)


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
    place: Place  # where prediction and target meet
    held: float | None = None  # what the intercept is, where nothing moves it
    later: Array | None = None  # the coefficients at the next visit
    passed_by: bool = False  # more steps were made than it was visited

    def design(self, count: int) -> Array:
        """X, with a column of ones behind it where there are that many coefficients."""
        import numpy as np

        return self.X if count == self.X.shape[1] else np.column_stack([self.X, np.ones(len(self.X))])

    def gradient(self, at: Array) -> Array:
        """Half that of the mean squared error, where the coefficients are these."""
        design = self.design(len(at))
        gradient: Array = design.T @ (design @ at - self.y) / len(design)
        return gradient

    def of_same_parameters(self, other: Fit) -> bool:
        """Whether w is that of the other: the same object, or moved by the same line."""
        (w, at), (of_other, other_at) = self.objects[0], other.objects[0]
        return w is of_other if at is None else at is other_at

    def of_same_data(self, other: Fit) -> bool:
        """Whether this is the same regression, at another time."""
        import numpy as np

        same = self.model == other.model and self.held == other.held and self.data is other.data
        return same and np.array_equal(self.y, other.y)

    def predicts_as(self, other: Fit) -> bool:
        """Whether its prediction is the same, to the bit."""
        import numpy as np

        return np.array_equal(self.prediction, other.prediction)


def explanations(sighting: Sighting) -> Iterator[Fit]:
    """Whichever of the two that met is the prediction."""
    for prediction, target in ((sighting.one, sighting.other), (sighting.other, sighting.one)):
        yield from _explained(sighting, prediction, target)


def _explained(sighting: Sighting, prediction: Any, target: Any) -> Iterator[Fit]:
    import numpy as np

    rows, at = len(prediction), sighting.place
    if prediction.size != rows or target.size != rows:
        return
    p, y = prediction.reshape(-1), target.reshape(-1)
    tolerance = CLOSE * float(np.max(np.abs(p)))
    if not 0 < tolerance < math.inf or np.allclose(p, p[0], rtol=CLOSE, atol=0):
        return
    for x_name, data in sighting.data.items():
        X = copied(data).reshape(rows, -1)
        for w_name, w, coef, w_at in sighting.parameters:
            if coef.size == X.shape[1] + 1 and coef.ndim == 1:  # slopes and intercept in one
                names = [f"{w_name}[{j}]" for j in range(coef.size)]
                slopes = f"{x_name} @ {w_name}[:-1]" if X.shape[1] > 1 else f"{names[0]}*{x_name}"
                if np.abs(X @ coef[:-1] + coef[-1] - p).max() <= tolerance:
                    yield Fit(data, X, y, p, names, f"y = {slopes} + {names[-1]}", coef, [(w, w_at)], at)
            if coef.size != X.shape[1]:
                continue
            base = X @ coef.reshape(-1)
            times = f"{x_name} @ {w_name}" if X.shape[1] > 1 else f"{w_name}*{x_name}"
            names = [f"{w_name}[{j}]" for j in range(coef.size)] if coef.size > 1 else [w_name]
            off = float(np.abs(base - p).max())
            # what the script adds belongs to the model, and so does what makes it far more exact, however small it is
            found = sorted(_intercepts(sighting, w, w_name, w_at, base - p), key=lambda intercept: intercept.off)
            added = [each for each in found if each.added and each.off <= 2 * off + EXACT * tolerance]
            clear = [each for each in found if CLEAR * each.off < off > EXACT * tolerance]
            # y - w * x beside w * x + b is no model: it leaves out what the script adds
            alone = not (added or clear) and not any(each.added and each.off > tolerance for each in found)
            if alone and off <= tolerance and not np.array_equal(X[:, 0], y):
                yield Fit(data, X, y, p, names, f"y = {times}", coef.reshape(-1), [(w, w_at)], at)
            for each in added or clear or found:
                if each.off <= tolerance:
                    both, objects = np.append(coef.reshape(-1), each.value), [(w, w_at), (each.object, each.at)]
                    model = f"y = {times} + {each.name}"
                    yield Fit(data, X, y, p, [*names, each.name], model, both, objects, at, each.held)


class _Intercept(NamedTuple):
    name: str
    object: Any
    value: float
    at: Place | None
    added: bool  # by what stands in the script
    held: float | None
    off: float  # of the prediction


def _intercepts(sighting: Sighting, w: Any, w_name: str, w_at: Place | None, left: Array) -> Iterator[_Intercept]:
    """Single numbers that may be the intercept beside w; with none, the prediction is `left` over."""
    import numpy as np

    for name, b, values, at in sighting.parameters:
        if b is not w and values.size == 1:
            value = float(values.reshape(-1)[0])
            added = sighting.adds(name, w_name, w_at)
            yield _Intercept(name, b, value, at, added, None, float(np.abs(left + value).max()))
    for name, value in sighting.held:
        if sighting.adds(name, w_name, w_at):
            yield _Intercept(name, value, value, None, True, value, float(np.abs(left + value).max()))
