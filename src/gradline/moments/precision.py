"""Which arithmetic: float64 while enough digits are certain, exact where they are not."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

from gradline.data.extent import extent
from gradline.data.parted import PartedSource
from gradline.data.source import Source, comes_once
from gradline.errors import DataError
from gradline.moments.exact import ExactMoments
from gradline.moments.keeping import Keep
from gradline.moments.keeping_batches import BatchesKeeper
from gradline.moments.keeping_parts import PartsKeeper
from gradline.moments.moments import Moments
from gradline.moments.one_pass import Watch, names_of, naming_cells, one_pass
from gradline.moments.parts import sums_of_parts
from gradline.moments.polynomial import power_moments
from gradline.moments.squares import SquaresError
from gradline.solution import Solution

Statistics: TypeAlias = Moments | ExactMoments

ENOUGH_DIGITS = 9.0
ENOUGH_DIGITS_OF_VARIANCE = 3.0
# Of the inverse too: whitened with it, every curvature is within some millionths of one, which no rate notices.
ENOUGH_DIGITS_TO_WHITEN = 6.0
WORTH_ASKING = 256  # columns: with fewer the first pass is over before file systems have told


def gather(
    source: Source,
    *,
    fit_intercept: bool,
    precision: str = "auto",
    within: float | None = None,
    watch: Watch | None = None,
    keep: Keep | None = None,
) -> tuple[Statistics, Solution]:
    """One pass over `source` for its statistics and the answer solved from them; a second one only to escalate.

    Parameters
    ----------
    source : Source
    fit_intercept : bool
    precision : {"float64", "exact", "auto"}
        "auto" reads in float64 first and, where the certificate promises fewer than 9 digits of a coefficient or
        fewer than 3 of the residual variance (an almost exact fit), once more exactly: a float64 sum that has lost
        its digits cannot be repaired. Exactly from the start is read what can be read only once, and what is known to
        have no more rows than columns: float64 sums cannot prove which of them depend on others.
    within : float, optional
        "auto" is to know where the coefficients are rather than their digits, as what is measured against them does:
        float64 will do too where rounding moves none by more than this part of its standard error, and leaves 6 digits
        of the residual variance and of the inverse. Digits take more where a coefficient is all but zero, as the
        intercept of centred columns is.
    watch : callable, optional
        Called with the rows taken so far, after every batch; a second pass counts from the start.
    keep : Keep, optional
        A checkpoint: see `gradline.moments.keeping_batches.BatchesKeeper`.

    Raises
    ------
    DataError
        Under "float64" where squares of a column, which is named, leave its range; and what the source raises.
    """
    if precision == "auto" and exact_from_the_start(source):
        precision = "exact"
    keeper = None if keep is None else _keeper(keep, source, fit_intercept, precision)
    if precision != "exact" and not (keeper and keeper.began(ExactMoments)):
        moments = one_pass(source, Moments, watch=watch, keep=keeper)
        try:
            solution = moments.solve(fit_intercept=fit_intercept)
            if precision == "float64" or _enough(moments, solution, fit_intercept, within):
                return moments, solution
        except SquaresError as error:
            if precision == "float64":
                raise error.named(source.feature_names, source.target_name) from None
    elif precision == "auto":
        # The second pass knows what the first one found; after a kill it is found again, as the names need it.
        _ = source.feature_names
    exact = one_pass(source, ExactMoments, watch=watch, keep=keeper)
    return exact, exact.solve(fit_intercept=fit_intercept)


def no_more_rows_than_columns(source: Source) -> bool:
    """Whether that is known before rows are read, of so many columns that a pass in vain would take its time."""
    columns = len(names_of(source))
    if columns < WORTH_ASKING:
        return False
    there = extent(source)
    return there.rows_are_exact and there.rows is not None and there.rows <= columns


def gather_powers(source: Source, degree: int) -> ExactMoments:
    """One pass over a source of one feature x for the exact statistics of x, x^2 .. x^degree."""
    if len(source.feature_names) != 1:
        raise DataError(
            f"a polynomial is of one feature, but {source.name} has {len(source.feature_names)}",
            hint="choose one with features=..., or form the powers as columns yourself",
        )
    powers = partial(_powers, degree=degree)
    if isinstance(source, PartedSource):
        total: ExactMoments = sums_of_parts(source, ExactMoments, powers)
        return total
    return powers(source)


def _powers(source: Source, *_: Any, degree: int, **__: Any) -> ExactMoments:
    """Of a source or a part of one, as `one_pass` is called."""
    total = ExactMoments.zero(degree)
    with naming_cells(source):
        for batch in source.batches():
            total += power_moments(batch.X[:, 0], batch.y, degree, batch.weight)
    settled = getattr(source, "settled", None)
    return total if settled is None else settled(total)


def exact_from_the_start(source: Source) -> str | None:
    """Why "auto" does not try float64 first, as the end of a sentence; None where it does."""
    if comes_once(source):
        return "as the rows can be read only once"
    return "as there are no more rows than columns" if no_more_rows_than_columns(source) else None


def _keeper(keep: Keep, source: Source, fit_intercept: bool, precision: str) -> Any:
    if isinstance(source, PartedSource):
        return PartsKeeper(keep, source, fit_intercept=fit_intercept, precision=precision)
    return BatchesKeeper(keep, source, fit_intercept=fit_intercept, precision=precision)


def _enough(moments: Moments, solution: Solution, fit_intercept: bool, within: float | None) -> bool:
    certain = solution.certificate is not None and solution.certificate.digits >= ENOUGH_DIGITS
    if not certain and within is None:
        return False
    dispersion = moments.dispersion(fit_intercept)
    if certain:
        return dispersion.digits >= ENOUGH_DIGITS_OF_VARIANCE
    return within is not None and dispersion.moved <= within and dispersion.digits >= ENOUGH_DIGITS_TO_WHITEN
