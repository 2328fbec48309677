"""Every loss as a `torch.nn` criterion, one number a row: `torch.nn`'s own where it has one."""

from __future__ import annotations

from torch import Tensor, nn

from gradline.descent.losses.huber import Huber
from gradline.descent.losses.loss import Loss
from gradline.descent.losses.quantile import Absolute, Quantile
from gradline.descent.losses.squared import Squared
from gradline.errors import DataError


def criterion(loss: Loss) -> nn.Module:
    """`criterion(loss)(p, y)` is `loss.value(p - y)`, in the shape and dtype of p.

    Examples
    --------
    >>> criterion(Squared()), criterion(Huber(1.5))
    (MSELoss(), Scaled(
      (inner): HuberLoss()
    ))
    """
    match loss:
        case Squared():
            return nn.MSELoss(reduction="none")
        case Huber():
            return Scaled(nn.HuberLoss(reduction="none", delta=loss.width), factor=2.0)
        case Absolute(bandwidth=0.0):
            return nn.L1Loss(reduction="none")
        case Absolute(bandwidth=h):
            return Scaled(nn.HuberLoss(reduction="none", delta=h), factor=1 / h, constant=h / 2)
        case Quantile(level=level, bandwidth=h):
            return Pinball(criterion(Absolute(h)), level)
    raise DataError(
        f"no torch criterion is known for the loss {loss.name!r}", hint="give Huber, Absolute or Quantile, or none"
    )


class Scaled(nn.Module):
    """factor * inner + constant: torch's Huber loss has a factor 1/2, and starts at zero."""

    def __init__(self, inner: nn.Module, factor: float, constant: float = 0.0) -> None:
        super().__init__()
        self.inner, self.factor, self.constant = inner, factor, constant

    def forward(self, p: Tensor, y: Tensor) -> Tensor:
        """One number a row."""
        loss: Tensor = self.factor * self.inner(p, y) + self.constant
        return loss


class Pinball(nn.Module):
    """|r| / 2 + (1/2 - level) r with r = p - y: level r below y, 1 - level above."""

    def __init__(self, absolute: nn.Module, level: float) -> None:
        super().__init__()
        self.absolute, self.level = absolute, level

    def forward(self, p: Tensor, y: Tensor) -> Tensor:
        """One number a row."""
        loss: Tensor = self.absolute(p, y) / 2 + (0.5 - self.level) * (p - y)
        return loss
