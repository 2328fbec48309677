"""How long a full-batch descent still has to go: in closed form, as its error is a sum of geometric series."""

from __future__ import annotations

import math

import numpy as np

from gradline.descent.goal.quadratic import Curved
from gradline.descent.goal.stopping import Tolerance
from gradline.descent.steps.momentum import companions, factor
from gradline.solution import Array

FAR = 10**12  # iterations: beyond any patience


def half_life(quadratic: Curved, learning_rate: float, momentum: float = 0.0) -> float:
    """Iterations in which the error of the slowest direction halves: log(1/2) / log|1 - rate * curvature|.

    That is the flattest direction; near the limit it is the steepest, in which the error bounces.
    """
    shrinks = max(abs(factor(learning_rate, c, momentum)) for c in (quadratic.smallest, quadratic.largest))
    if shrinks == 0.0:
        return 0.0
    return math.log(0.5) / math.log(shrinks) if shrinks < 1.0 else math.inf


def iterations_to_go(
    tolerance: Tolerance, learning_rate: float, w: Array, b: float, tol: float, momentum: float = 0.0
) -> int | None:
    """How many more full-batch steps of this rate bring every coefficient within `tol`; None beyond 10^12.

    With e = v - best in the directions of curvature c_i, k steps leave e_i (1 - rate c_i)^k. With momentum it is a
    second-order recursion, here from rest.

    Examples
    --------
    The lesson with an intercept, from (0.5, 5) at 0.001:

    >>> from gradline.data.arrays import ArraySource
    >>> from gradline.descent.goal.conditioning import DataUnits
    >>> from gradline.descent.goal.quadratic import Quadratic
    >>> from gradline.moments.precision import gather
    >>> points = ArraySource([[1.0], [3.0], [10.0], [13.0], [7.0]], [2.0, 6.0, 20.0, 26.0, 14.0])
    >>> moments, exact = gather(points, fit_intercept=True)
    >>> lesson = Quadratic.of(moments, exact, bias=True)
    >>> tolerance = Tolerance.of(moments, exact, lesson, DataUnits.of(moments, exact, bias=True), "float64")
    >>> iterations_to_go(tolerance, 0.001, np.array([0.5]), 5.0, tol=1e-6)
    21674
    """
    quadratic = tolerance.quadratic
    curvatures, directions = quadratic.curvatures
    e = directions.T @ quadratic.error(w, b)
    factors = 1.0 - learning_rate * curvatures
    steps = companions(learning_rate, curvatures, momentum) if momentum else None
    to_data = tolerance.differences @ directions
    allowed = np.maximum(tol * tolerance.unit, tolerance.rounding)

    def near(k: int) -> bool:
        left = factors**k if steps is None else np.linalg.matrix_power(steps, k)[:, 0].sum(axis=1)
        return bool((np.abs(to_data @ (e * left)) <= allowed).all())

    most = 1
    while not near(most):
        most *= 2
        if most > FAR:
            return None
    least = most // 2  # not near, or 0
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if near(middle) else (middle, most)
    return most
