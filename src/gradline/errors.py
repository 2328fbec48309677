"""Everything gradline raises or warns on purpose.

GradlineError                       str() is one sentence, then `hint: ...` on a line of its own
|-- DataError          (ValueError)       rows, columns or values that no fit can use
|-- DivergenceError    (ArithmeticError)  a descent that moves away from the answer
|-- MissingExtraError  (ImportError)      a feature whose library is not installed
|-- ClusterError       (RuntimeError)     Dask has lost its workers or its scheduler (distributed/cluster.py)
`-- LostError          (RuntimeError)     another process of torchrun has ended (distributed/ending.py)
CollinearityWarning    (UserWarning)      columns that are exact combinations of others
DataWarning            (UserWarning)      data read on an assumption, or an answer beyond float64
DivergenceWarning      (RuntimeWarning)   DivergenceError, where on_divergence="warn"
"""

from __future__ import annotations


class GradlineError(Exception):
    """An error we foresaw: what was wrong (with the value), what was expected, and in `hint` what to do.

    Examples
    --------
    >>> print(GradlineError("there is no column 'prize'", hint="did you mean 'price'?"))
    there is no column 'prize'
    hint: did you mean 'price'?
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class DataError(GradlineError, ValueError):
    """The data cannot be used as they are: the message names the column, the row and the value.

    Examples
    --------
    >>> import gradline
    >>> try:
    ...     gradline.Moments.of([[1.0], [float("inf")]], [2.0, 3.0])
    ... except DataError as error:
    ...     print(error.message)
    1 cell is not finite (NaN or inf), the first is inf in row 2, column 1 of X
    """


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
        What has the largest part in the steepest direction and so sets the limit: "column 'sqft'", "the intercept".

    Examples
    --------
    >>> import gradline
    >>> lesson = gradline.GradientDescentRegressor(learning_rate=0.02, fit_intercept=False)
    >>> try:
    ...     lesson.fit([[1.0], [3.0], [10.0], [13.0], [7.0]], [2.0, 6.0, 20.0, 26.0, 14.0])
    ... except DivergenceError as error:
    ...     print(error.learning_rate, round(error.max_learning_rate, 5), error.column)
    0.02 0.01524 column 'x0'
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
    """Some columns are exact linear combinations of others: which ones, and what was done about it.

    Examples
    --------
    >>> import gradline, warnings
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     model = gradline.LinearRegression(precision="exact").fit([[1, 2], [2, 4], [4, 8]], [3, 5, 9])
    >>> print(caught[0].message)
    column 'x1' = 2 * 'x0' (but for a constant); its coefficient is set to 0.
    """


class DataWarning(UserWarning):
    """The data were read on an assumption, or their answer leaves the range of float64: which one, and what to do."""


class DivergenceWarning(RuntimeWarning):
    """What `DivergenceError` would have said, under `on_divergence="warn"`.

    Examples
    --------
    >>> import gradline, warnings
    >>> study = gradline.GradientDescentRegressor(learning_rate=1.0, max_iter=3, on_divergence="warn")
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     study = study.fit([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.5])
    >>> caught[0].category.__name__, study.converged_
    ('DivergenceWarning', False)
    """
