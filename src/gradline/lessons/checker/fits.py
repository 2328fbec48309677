"""Which of the learner's data and parameters make a prediction: the linear regressions that explain what was sighted.

Nothing is taken from names: data and parameters are those among the learner's variables for which X @ w (+ b) is that
very prediction, number by number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradline.lessons.checker.places import Place

if TYPE_CHECKING:
    from gradline.solution import Array

CLOSE = 1e-4  # of the largest prediction: float32 adds up a thousand columns to within that


@dataclass(eq=False)
class Sighting:
    """Two arrays that met, copied; the parameters, copied, as they stood; and what else the learner had."""

    place: Place
    one: Any
    other: Any
    parameters: list[tuple[str, Any, Any, Place | None]]  # name, the object, its values, the line that moves it
    data: dict[str, Any]
    visit: int


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
    later: Array | None = None  # the coefficients a step later

    def of_same_data(self, other: Fit) -> bool:
        """Whether this is the same regression, at another time."""
        import numpy as np

        return self.model == other.model and self.data is other.data and np.array_equal(self.y, other.y)

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
            if np.abs(base - p).max() <= tolerance and not np.array_equal(X[:, 0], y):
                yield Fit(data, X, y, p, names, f"y = {times}", coef.reshape(-1), [(w, w_at)], at)
            for b_name, b, intercept, b_at in sighting.parameters:
                if (
                    b is not w
                    and intercept.size == 1
                    and np.abs(base + float(intercept.reshape(-1)[0]) - p).max() <= tolerance
                ):
                    both = np.append(coef.reshape(-1), intercept.reshape(-1))
                    yield Fit(
                        data, X, y, p, [*names, b_name], f"y = {times} + {b_name}", both, [(w, w_at), (b, b_at)], at
                    )


def copied(value: Any) -> Any:
    """The numbers as a float64 array of their own."""
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value, dtype=np.float64)
