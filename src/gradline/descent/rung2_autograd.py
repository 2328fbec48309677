"""Rung 2: PyTorch tensors. The gradient is no longer derived: `backward` finds it."""

import torch

from gradline.data.batch import Batch
from gradline.descent.tensors import Tensors
from gradline.solution import Array


class ByAutograd:
    """Rows as tensors X (n, features), y (n,); w and b remember what was done with them (`requires_grad`)."""

    def __init__(self, w: Array, b: float, *, learning_rate: float, bias: bool, dtype: str, device: str) -> None:
        self.tensors = Tensors(dtype, device)
        self.w = self.tensors.parameter(w)
        self.b = self.tensors.parameter(b, requires_grad=bias)
        self.parameters = (self.w, self.b) if bias else (self.w,)
        self.learning_rate = learning_rate

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before."""
        X, y, share = self.tensors(batch)
        # 1. predict
        p = X @ self.w + self.b
        # 2. loss
        loss = share @ (p - y) ** 2
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
