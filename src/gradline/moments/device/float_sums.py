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
    rows = DeviceRows(X, y, weight, trusted(device), rows_at_once)
    total = CentredSums.zero(rows.features)
    with memory_of(rows.device, "device='cpu'"):
        for block in rows:
            if not len(block.Z):
                continue
            with np.errstate(all="ignore"):
                sample = block.Z[:: max(1, len(block.Z) // SAMPLE)].cpu().numpy()
                sums = _sums(block.Z, block.weight, near_mean(sample[:, :-1], sample[:, -1]))
                if sums.is_off_centre():
                    sums = _sums(block.Z, block.weight, sums.mean)
            if not np.isfinite(sums.squares).all() and (error := rows.not_finite()) is not None:
                raise error
            total = total.merged(sums, 1)
    return total


def _sums(Z: Tensor, weight: Tensor | None, shift: Array) -> CentredSums:
    there = torch.from_numpy(shift).to(Z.device)
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
