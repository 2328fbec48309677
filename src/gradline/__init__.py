"""Linear regression by gradient descent: every step visible, every answer certified.

>>> from gradline import GradientDescentRegressor
>>> lesson = GradientDescentRegressor(learning_rate=0.001, max_iter=100, tol=None, fit_intercept=False, init=0.5)
>>> lesson.fit([[1.0], [3.0], [10.0], [13.0], [7.0]], [2.0, 6.0, 20.0, 26.0, 14.0]).coef_
array([1.999999])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradline.data.source import open_source
    from gradline.descent.losses.huber import Huber
    from gradline.descent.losses.quantile import Absolute, Quantile
    from gradline.errors import CollinearityWarning, DataError, DivergenceError, DivergenceWarning, GradlineError
    from gradline.estimators import GradientDescentRegressor, LinearRegression
    from gradline.estimators.saved import load
    from gradline.moments.exact import ExactMoments
    from gradline.moments.moments import Moments
    from gradline.report.displays.coefficients import CoefficientDisplay
    from gradline.report.displays.loss_curve import LossCurveDisplay
    from gradline.report.displays.residuals import ResidualDisplay
    from gradline.report.lab import lab

__version__ = "0.1.0"

__all__ = [
    "Absolute",
    "CoefficientDisplay",
    "CollinearityWarning",
    "DataError",
    "DivergenceError",
    "DivergenceWarning",
    "ExactMoments",
    "GradientDescentRegressor",
    "GradlineError",
    "Huber",
    "LinearRegression",
    "LossCurveDisplay",
    "Moments",
    "Quantile",
    "ResidualDisplay",
    "lab",
    "load",
    "open_source",
]

_HOME = {
    "Absolute": "descent.losses.quantile",
    "CoefficientDisplay": "report.displays.coefficients",
    "CollinearityWarning": "errors",
    "DataError": "errors",
    "DivergenceError": "errors",
    "DivergenceWarning": "errors",
    "ExactMoments": "moments.exact",
    "GradientDescentRegressor": "estimators",
    "GradlineError": "errors",
    "Huber": "descent.losses.huber",
    "LinearRegression": "estimators",
    "LossCurveDisplay": "report.displays.loss_curve",
    "Moments": "moments.moments",
    "Quantile": "descent.losses.quantile",
    "ResidualDisplay": "report.displays.residuals",
    "lab": "report.lab",
    "load": "estimators.saved",
    "open_source": "data.source",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: `import gradline` itself loads nothing heavy."""
    if name not in _HOME:
        raise AttributeError(f"module 'gradline' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"gradline.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
