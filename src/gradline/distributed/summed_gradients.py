"""Rung 3 on the rows of several processes: DistributedDataParallel adds their gradients before each update."""

from __future__ import annotations

from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from gradline.data.batch import Batch
from gradline.descent.engine import Engine, optimizer_of
from gradline.descent.rung3_nn import ByNN
from gradline.errors import DataError
from gradline.solution import Array


class Group(Protocol):
    """As much of a ProcessGroup as is needed here."""

    size: int

    def noticing(self) -> Any:
        """Around whatever waits for the others."""


class SummedGradients:
    """`ByNN` as it is, around a model whose gradients are those of all processes.

    Each process predicts its own rows. Their shares add up to 1 over all processes, so that the loss is a sum over the
    processes, and so is its gradient: no mean of means, which would weight processes instead of rows. All of them make
    the same update of the same parameters.
    """

    def __init__(self, rung: ByNN, group: Group) -> None:
        self._group, self._model = group, rung.model
        # One bucket holds all parameters; the first step would otherwise sort them anew.
        model = DistributedDataParallel(rung.model, bucket_cap_mb=1024)
        model.register_comm_hook(None, lambda _, bucket: _sum(bucket))
        self._rung = ByNN(model, rung.criterion, rung.optimizer, rung.tensors)
        self.optimizer = rung.optimizer

    @classmethod
    def of(cls, engine: Engine, group: Group) -> SummedGradients:
        """Of engine "nn"; DataError for any other."""
        if not isinstance(engine, ByNN):
            if (optimizer := optimizer_of(engine)) is not None:
                raise DataError(
                    f"optimizer {type(optimizer).__name__} looks at the loss as often as it likes, which {group.size} "
                    "processes cannot do in step",
                    hint="optimizer='sgd' or 'adam'",
                )
            raise DataError(
                f"of {group.size} processes only engine 'nn' adds the gradients, and 'moments' needs no rows",
                hint="engine='nn'",
            )
        with group.noticing():
            return cls(engine, group)

    def step(self, batch: Batch) -> float:
        """Move once down the gradient of the rows of all processes; return their loss before."""
        with self._group.noticing():
            own = self._rung.step(batch)
            loss = torch.tensor([own], dtype=torch.float64, device="cpu")
            dist.all_reduce(loss)
        return float(loss.item())

    def read(self) -> tuple[Array, float]:
        """See `ByNN`."""
        return self._rung.tensors.read(self._model)

    def write(self, w: Array, b: float) -> None:
        """See `ByNN`."""
        self._rung.tensors.write(self._model, w, b)


def _sum(bucket: Any) -> torch.futures.Future[Tensor]:
    """DistributedDataParallel asks for the gradient of all; without this it takes the mean over processes."""
    future: torch.futures.Future[Any] = dist.all_reduce(bucket.buffer(), async_op=True).get_future()
    return future.then(lambda done: done.value()[0])
