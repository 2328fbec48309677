"""Rung 2 for any loss: PyTorch tensors. Whatever the criterion, `backward` finds its gradient."""

import torch
from torch import nn

from gradline.data.batch import Batch
from gradline.descent.tensors import Tensors
from gradline.solution import Array


class LossByAutograd:
    """`criterion(p, y)` is the loss of each row (`reduction="none"`); w and b remember what was done with them."""

    def __init__(
        self, w: Array, b: float, *, criterion: nn.Module, learning_rate: float, bias: bool, dtype: str, device: str
    ) -> None:
        self.tensors, self.criterion, self.learning_rate = Tensors(dtype, device), criterion, learning_rate
        self.w, self.b = self.tensors.parameter(w), self.tensors.parameter(b, requires_grad=bias)
        self.parameters = (self.w, self.b) if bias else (self.w,)

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before."""
        X, y, share = self.tensors(batch)
        # 1. predict
        p = X @ self.w + self.b
        # 2. loss
        loss = share @ self.criterion(p, y)
        # 3. gradient
        loss.backward()
        # 4. update
        with torch.no_grad():
            for parameter in self.parameters:
                parameter -= self.learning_rate * parameter.grad
                parameter.grad.zero_()
        return float(loss.item())

    def read(self) -> tuple[Array, float]:
        """Copies of w and b."""
        return self.tensors.copy(self.w), self.b.item()

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters."""
        with torch.no_grad():
            self.w.copy_(self.tensors.constant(w))
            self.b.fill_(b)
