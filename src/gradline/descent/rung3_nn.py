"""Rung 3: `nn.Linear` owns the parameters, `nn.MSELoss` is the loss, `torch.optim` makes the update."""

from collections.abc import Callable

from torch import nn, optim

from gradline.data.batch import Batch
from gradline.descent.tensors import Tensors
from gradline.solution import Array

Optimizer = Callable[..., optim.Optimizer]  # takes the parameters, has its rate already


class ByNN:
    """Rows as tensors X (n, features), y (n, 1): layers take (batch, features) and give (batch, 1)."""

    def __init__(self, w: Array, b: float, *, optimizer: Optimizer, bias: bool, dtype: str, device: str) -> None:
        self.tensors = Tensors(dtype, device)
        self.model = self.tensors.linear(w, b, bias=bias)
        self.squared_error = nn.MSELoss(reduction="none")
        self.optimizer = optimizer(self.model.parameters())

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before."""
        X, y, share = self.tensors(batch)
        # 1. predict
        p = self.model(X)
        # 2. loss
        loss = share @ self.squared_error(p, y.view(-1, 1))
        # 3. gradient
        self.optimizer.zero_grad()
        loss.backward()
        # 4. update
        self.optimizer.step()
        return float(loss.item())

    def read(self) -> tuple[Array, float]:
        """Copies of w and b."""
        bias = self.model.bias
        return self.tensors.copy(self.model.weight.view(-1)), 0.0 if bias is None else bias.item()
