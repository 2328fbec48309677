"""Between NumPy and PyTorch: batches and parameters as tensors of one dtype on one device."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from gradline.data.batch import Batch
from gradline.descent.brought import BroughtBatch, memory_for_rows
from gradline.solution import Array

COLUMNS_OF_A_STEP = 8  # at most: predictions, residuals, losses, and their gradients


class Tensors:
    """Call with a batch for its tensors; the last batch is kept, as a full batch is the same at every step."""

    def __init__(self, dtype: str, device: str) -> None:
        self.dtype: torch.dtype = getattr(torch, dtype)
        self.device = device
        self._last: tuple[Batch, tuple[Tensor, Tensor, Tensor]] | None = None
        self._share: tuple[Array, Tensor] | None = None

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """X (rows, features), y (rows,), share (rows,)."""
        if self._last is None or self._last[0] is not batch:
            self._last = None  # on a device there may be room for one batch only
            if isinstance(batch, BroughtBatch):
                X, y, share = batch.there
            else:
                X, y, share = self._tensor(batch.X), self._tensor(batch.y), None
            self._last = batch, (X, y, self._shares(batch.share) if share is None else share)
            if self.device != "cpu":
                self._make_room(len(batch))
        return self._last[1]

    def parameter(self, value: Array | float, *, requires_grad: bool = True) -> Any:
        """A leaf of the graph: `requires_grad` goes last, after every cast and move.

        Typed Any because `grad` is None until the first backward, which a type checker cannot rule out.
        """
        return torch.tensor(value, dtype=self.dtype, device=self.device, requires_grad=requires_grad)

    def constant(self, value: Array | float | list[float]) -> Tensor:
        """A tensor that the graph does not differentiate by."""
        return torch.tensor(value, dtype=self.dtype, device=self.device)

    def linear(self, w: Array, b: float, *, bias: bool) -> nn.Linear:
        """`nn.Linear` from features to one output, started at w and b."""
        model = nn.Linear(len(w), 1, bias=bias, dtype=self.dtype, device=self.device)
        with torch.no_grad():
            model.weight.copy_(self.constant(w).view(1, -1))
            if bias:
                model.bias.fill_(b)
        return model

    def read(self, model: nn.Module) -> tuple[Array, float]:
        """Weight and bias of an `nn.Linear`; of any other module all parameters in a row, and 0."""
        if _is_line(model):
            return self.copy(model.weight.view(-1)), 0.0 if model.bias is None else model.bias.item()
        return self.copy(nn.utils.parameters_to_vector(model.parameters())), 0.0

    def write(self, model: nn.Module, w: Array, b: float) -> None:
        """The parameters as `read` gives them, into the module."""
        numbers, start = self.constant(w), 0
        if _is_line(model) and model.bias is not None:
            numbers = torch.cat([numbers, self.constant([b])])
        with torch.no_grad():
            for parameter in model.parameters():
                stop = start + parameter.numel()
                parameter.copy_(numbers[start:stop].view_as(parameter))
                start = stop

    def copy(self, value: Tensor) -> Array:
        """A NumPy copy that no later update can change."""
        return value.detach().cpu().numpy().astype(np.float64, copy=True)

    def _make_room(self, rows: int) -> None:
        """What a step adds to its rows is asked for here, where too little has an answer; freed, it is the step's."""
        with memory_for_rows(self.device):
            torch.empty(COLUMNS_OF_A_STEP * rows, dtype=self.dtype, device=self.device)

    def _shares(self, share: Array) -> Tensor:
        """Of mini-batches of one size, which have it in common, it is brought once."""
        if self._share is None or self._share[0] is not share:
            self._share = share, self._tensor(share)
        return self._share[1]

    def _tensor(self, part: Array) -> Tensor:
        if not (part.flags.c_contiguous and part.flags.writeable):
            part = part.copy()  # torch wants memory that it may write to
        with memory_for_rows(self.device):
            return torch.from_numpy(part).to(device=self.device, dtype=self.dtype)


def _is_line(model: nn.Module) -> TypeGuard[nn.Linear]:
    """An `nn.Linear` whose parameters are its weight and bias: a subclass may have others, or compute the weight."""
    names = [name for name, _ in model.named_parameters()]
    return isinstance(model, nn.Linear) and names == ["weight", "bias"][: len(names)] and len(names) > 0
