"""Sparse matrices: told apart without loading SciPy, kept as CSR in float64, made dense some rows at a time."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradline.data.cells import NotANumber, from_numpy
from gradline.errors import DataError
from gradline.solution import Array

WHOLE_BYTES = 2 * 10**9


def is_sparse(data: Any) -> bool:
    """Whether it is a matrix or array of scipy.sparse: who has one has loaded SciPy."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))


def as_csr(X: Any, name: str = "X") -> Any:
    """The table X.toarray() as a CSR matrix of float64 that holds each cell once; X itself where it is such.

    Raises
    ------
    DataError
        Where X has not two dimensions or is complex.
    NotANumber
        Where a cell is an integer that float64 would round.

    Examples
    --------
    >>> from scipy.sparse import coo_array
    >>> as_csr(coo_array(([1, 2, 4], ([0, 1, 1], [1, 0, 0])), shape=(2, 3))).toarray()
    array([[0., 1., 0.],
           [6., 0., 0.]])
    """
    if X.ndim != 2:
        raise DataError(f"Expected 2D array, got {X.ndim}D array instead: {name} has shape {X.shape}")
    if X.dtype.kind == "c":
        raise DataError(f"Complex data not supported: {name} has type {X.dtype}")
    csr = X.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy() if csr is X else csr
        csr.sum_duplicates()
    if csr.nnz < X.nnz:
        csr = _summed(X, type(csr))
    if csr.dtype == np.float64:
        return csr
    try:
        cells = from_numpy(csr.data, name)
    except NotANumber as cell:
        row = int(np.searchsorted(csr.indptr, cell.row - 1, side="right"))
        raise NotANumber(f"x{csr.indices[cell.row - 1]}", row, cell.cell, what=cell.what, hint=cell.hint) from None
    return type(csr)((cells, csr.indices, csr.indptr), shape=csr.shape)


def _summed(X: Any, kind: Any) -> Any:
    """Cells that are stored more than once, added in the order and the type in which X.toarray() adds them.

    SciPy's own sum_duplicates sorts first, which may change the order and so the rounding.
    """
    stored = X.tocoo()
    cell, place = np.unique(stored.row.astype(np.int64) * X.shape[1] + stored.col, return_inverse=True)
    sums = np.zeros(len(cell), stored.dtype)
    np.add.at(sums, place, stored.data)
    return kind((sums, np.divmod(cell, X.shape[1])), shape=X.shape)


def dense(X: Any) -> Array:
    """A CSR matrix as a float64 array; an array as it is."""
    array: Array = X.toarray() if is_sparse(X) else X
    return array


def suspects(X: Any) -> NDArray[np.intp]:
    """Columns of a CSR matrix with a cell that is NaN or infinite, each once."""
    return np.unique(X.indices[~np.isfinite(X.data)]).astype(np.intp)


def check_dense_size(X: Any, name: str, *, hint: str) -> None:
    """Refuse to make a CSR matrix dense that would take more than 2 GB; an array is dense."""
    size = X.shape[0] * X.shape[1] * 8
    if is_sparse(X) and size > WHOLE_BYTES:
        raise DataError(
            f"{name} is sparse: its {X.shape[0]} rows of {X.shape[1]} features would take {size / 1e9:.1f} GB "
            f"as one dense array, more than {WHOLE_BYTES / 1e9:g} GB",
            hint=hint,
        )
