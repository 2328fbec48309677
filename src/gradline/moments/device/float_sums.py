"""Float64 sums over rows on a device, about a shift near their mean: see `gradline.moments.block_sums`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradline.moments.block_sums import near_mean
from gradline.moments.centred_sums import TINY, VANISHED, CentredSums
from gradline.moments.device.arithmetic import memory_of, trusted
from gradline.moments.device.rows import DeviceRows, rows_at_once
from gradline.solution import Array

SAMPLE = 64


def float_sums(X: Any, y: Any, weight: Any, device: str) -> CentredSums:
    """The state of `Moments`, summed on a device in float64.

    Raises
    ------
    DataError
        As `gradline.moments.device.exact_sums.exact_sums`.
    """
    target = trusted(device)
    there: Tensor | None = None
    with memory_of(target, "device='cpu'"):
        rows = DeviceRows(X, y, weight, target, rows_at_once)
        total, shift = CentredSums.zero(rows.features), np.empty(0)
        for block in rows:
            if not len(block.Z):
                continue
            with np.errstate(all="ignore"):
                sample = block.Z[:: max(1, len(block.Z) // SAMPLE)].cpu().numpy()
                near = near_mean(sample[:, :-1], sample[:, -1])
                if there is None or not np.array_equal(near, shift):
                    # Round shifts are the same for most blocks; each would wait behind the block on its way.
                    shift, there = near, torch.from_numpy(near).to(rows.device)
                sums = _sums(block.Z, block.weight, shift, there)
                if sums.is_off_centre():
                    sums = _sums(block.Z, block.weight, sums.mean, torch.from_numpy(sums.mean).to(rows.device))
            if not np.isfinite(sums.squares).all() and (error := rows.not_finite()) is not None:
                raise error
            total = total.merged(sums, 1)
    return total


def _sums(Z: Tensor, weight: Tensor | None, shift: Array, there: Tensor) -> CentredSums:
    v = Z - there
    one = torch.ones(len(v), dtype=torch.float64, device=v.device) if weight is None else weight.sqrt()
    if weight is not None:
        v = v * one[:, None]
    squares = (v.T @ v).cpu().numpy()
    total = float(len(v)) if weight is None else float(weight.sum())
    mass = np.append(np.diag(squares), total)
    for j in np.flatnonzero(mass[:-1] < TINY):
        # Either the column is constant, to the bit, or its squares underflowed.
        mass[j] = VANISHED if bool((Z[:, j] != there[j]).any()) else 0.0
    return CentredSums(
        rows=len(v),
        weight=total,
        shift=shift,
        sums=(one @ v).cpu().numpy(),
        squares=(squares + squares.T) / 2,
        mass=mass,
        block_sums=1,
        block_rows=len(v),
    )
