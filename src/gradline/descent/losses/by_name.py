"""The losses by the names that a user writes."""

from __future__ import annotations

from gradline.descent.losses.huber import Huber
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.quantile import Absolute, Quantile
from gradline.descent.losses.squared import Squared
from gradline.errors import DataError

LOSSES: dict[str, type[Squared] | type[Huber] | type[Absolute] | type[Quantile]] = {
    "squared": Squared,
    "huber": Huber,
    "absolute": Absolute,
    "quantile": Quantile,
}


def loss_named(loss: str | Loss) -> Loss:
    """The loss of that name with its defaults; a Loss is returned as it is.

    Raises
    ------
    DataError
        Where it is neither.

    Examples
    --------
    >>> loss_named("huber")
    Huber(delta=None)
    >>> loss_named(Quantile(0.9))
    Quantile(level=0.9, bandwidth=0.0)
    """
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    if not isinstance(loss, str | type) and hasattr(loss, "slope"):
        return loss
    names = ", ".join(f"'{name}'" for name in LOSSES)
    raise DataError(f"there is no loss {loss!r}, expected one of {names}", hint="or a Loss, for example Quantile(0.9)")
