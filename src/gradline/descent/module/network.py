"""A module, with the units of its rows: what it predicts, and what that costs."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.descent.brought import memory_for_rows
from gradline.descent.goal.standardised import Standardised
from gradline.descent.losses.loss import Loss
from gradline.descent.options import Options
from gradline.errors import DataError
from gradline.solution import Array

ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained module, with the units it was trained in.

    Attributes
    ----------
    module : nn.Module
        From rows (n, features) in the frame to (n, 1).
    frame : Standardised
    dtype, device : str
    """

    module: nn.Module
    frame: Standardised
    dtype: str
    device: str

    def predict(self, X: Array) -> Array:
        """(n,) predictions for rows in data units."""
        found = np.empty(len(X))
        modes, kind = [(each, each.training) for each in self.module.modules()], getattr(torch, self.dtype)
        self.module.eval()  # dropout and batch normalisation behave differently while training
        with torch.no_grad():
            for start in range(0, len(X), ROWS_AT_ONCE):
                part = slice(start, start + ROWS_AT_ONCE)
                rows = self.frame.rows(Batch.of(X[part], np.zeros(len(X[part])))).X
                out = self.module(torch.as_tensor(rows, dtype=kind, device=self.device))
                if not isinstance(out, torch.Tensor):
                    raise DataError(
                        f"the module returns {type(out).__name__}, expected a tensor of shape ({len(rows)}, 1)",
                        hint="wrap it in a module that returns its prediction alone",
                    )
                if out.shape != (len(rows), 1):
                    raise DataError(
                        f"the module made {tuple(out.shape)} of {rows.shape}, expected ({len(rows)}, 1)",
                        hint="one number a row: end it with a layer of one output, such as nn.Linear(k, 1)",
                    )
                found[part] = out.double().cpu().numpy()[:, 0]
        for each, training in modes:  # one that is frozen stays so
            each.training = training
        return self.frame.target_scale * found + self.frame.target_centre

    def loss(self, source: Source, loss: Loss) -> float:
        """The mean loss on a source, in data units."""
        total, weight = [], []
        for batch in source.batches():
            weights = np.ones(len(batch)) if batch.weight is None else batch.weight
            total.append(float(weights @ loss.value(self.predict(batch.X) - batch.y)))
            weight.append(float(weights.sum()))
        return math.fsum(total) / math.fsum(weight) if all(map(math.isfinite, total)) else math.inf

    @classmethod
    def of(cls, module: Any, features: int, options: Options, frame: Standardised) -> Network:
        """A copy of `module`, or what `module(features)` makes, on its device.

        Raises
        ------
        DataError
            Where it is none, has nothing to train, or does not make one number of a row of so many features.
        """
        try:
            built = copy.deepcopy(module) if isinstance(module, nn.Module) else module(features)
        except TypeError as error:
            raise DataError(
                f"module({features}) cannot be made: {error}",
                hint="give a module, or a function: module=lambda features: ...",
            ) from None
        if not isinstance(built, nn.Module):
            raise DataError(
                f"module made {type(built).__name__}, expected a torch.nn.Module",
                hint="module=nn.Sequential(...), or a function of the number of features that returns one",
            )
        if not any(parameter.requires_grad for parameter in built.parameters()):
            raise DataError("the module has no parameters to train")
        try:
            with memory_for_rows(options.device):
                built.to(device=options.device, dtype=getattr(torch, options.dtype))
                cls(built, Standardised.data_units(features), options.dtype, options.device).predict(
                    np.zeros((2, features))
                )
        except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"the module does not take rows of {features} features: {str(error).splitlines()[0]}",
                hint=f"begin it with a layer of {features} inputs, or give a function: module=lambda features: ...",
            ) from None
        return cls(built, frame, options.dtype, options.device)

    @property
    def shape(self) -> list[str]:
        """Of the module and its parameters, in words that tell one from another."""
        return [repr(self.module), *(f"{name} {tuple(p.shape)}" for name, p in self.module.named_parameters())]
