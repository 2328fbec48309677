"""Everything gradline raises or warns on purpose.

GradlineError                       str() is one sentence, then `hint: ...` on a line of its own
|-- DataError          (ValueError)       rows, columns or values that no fit can use
|-- DivergenceError    (ArithmeticError)  a descent that moves away from the answer
`-- MissingExtraError  (ImportError)      a feature whose library is not installed
CollinearityWarning    (UserWarning)      columns that are exact combinations of others
DataWarning            (UserWarning)      data read on an assumption
"""

from __future__ import annotations


class GradlineError(Exception):
    """An error we foresaw: what was wrong (with the value), what was expected, and in `hint` what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class DataError(GradlineError, ValueError):
    """The data cannot be used as they are: the message names the column, the row and the value."""


class DivergenceError(GradlineError, ArithmeticError):
    """Gradient descent moves away from the answer, or would from its first step.

    Attributes
    ----------
    learning_rate : float
        The rate that was used.
    iteration : int
        The iteration (from 1) in which it showed; 0 where it was refused before the first step.
    loss : float
        The mean squared error in that iteration; NaN where no step was taken.
    max_learning_rate : float or None
        The stability limit 2 / largest curvature, where it is known (full batches).
    best_learning_rate : float or None
        2 / (largest + smallest curvature), the rate that is fastest in the long run.
    column : str or None
        The feature with the largest part in the steepest direction: it sets the limit.
    """

    def __init__(
        self,
        message: str,
        *,
        learning_rate: float,
        iteration: int,
        loss: float,
        max_learning_rate: float | None = None,
        best_learning_rate: float | None = None,
        column: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.learning_rate = learning_rate
        self.iteration = iteration
        self.loss = loss
        self.max_learning_rate = max_learning_rate
        self.best_learning_rate = best_learning_rate
        self.column = column


class MissingExtraError(GradlineError, ImportError):
    """A feature needs a library that is not installed: names the feature and the command that installs it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra '{extra}', which is not installed",
            hint=f"pip install 'gradline[{extra}]'",
        )


class CollinearityWarning(UserWarning):
    """Some columns are exact linear combinations of others: which ones, and what was done about it."""


class DataWarning(UserWarning):
    """The data were read on an assumption: which one, and how to state another."""


class DivergenceWarning(RuntimeWarning):
    """What `DivergenceError` would have said, under `on_divergence="warn"`."""
