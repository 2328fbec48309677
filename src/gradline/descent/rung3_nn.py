"""Rung 3: `nn.Linear` owns the parameters, `nn.MSELoss` is the loss, `torch.optim` makes the update."""

from torch import nn, optim

from gradline.data.batch import Batch
from gradline.descent.tensors import Tensors
from gradline.solution import Array


class ByNN:
    """Rows as tensors X (n, features), y (n, 1): layers take (batch, features) and give (batch, 1).

    `model` may be any module of that form, `criterion` any loss without reduction.
    """

    def __init__(self, model: nn.Module, criterion: nn.Module, optimizer: optim.Optimizer, tensors: Tensors) -> None:
        self.model, self.criterion, self.optimizer = model, criterion, optimizer
        self.tensors = tensors

    def step(self, batch: Batch) -> float:
        """Move once down the gradient; return the loss before."""
        X, y, share = self.tensors(batch)
        # 1. predict
        p = self.model(X)
        # 2. loss
        loss = share.view(1, -1) @ self.criterion(p, y.view(-1, 1))
        # 3. gradient
        self.optimizer.zero_grad()
        loss.backward()
        # 4. update
        self.optimizer.step()
        return float(loss.item())

    def read(self) -> tuple[Array, float]:
        """Copies of weight and bias; of another module than `nn.Linear`, of all its parameters in a row."""
        return self.tensors.read(self.model)

    def write(self, w: Array, b: float) -> None:
        """Go to these parameters."""
        self.tensors.write(self.model, w, b)
