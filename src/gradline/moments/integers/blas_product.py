"""The one place that trusts the BLAS: products of integer matrices in float64, after a test that they are exact."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gradline.solution import Array


def exact_product(left: Array, right: Array) -> NDArray[np.int64]:
    """Sum of left[i] @ right[i].T over the blocks i, exactly.

    Parameters
    ----------
    left, right : (blocks, lines, rows) float64
        Integers; no sum of |products| along `rows` may exceed 2**53, nor `blocks` times that 2**63.

    Returns
    -------
    (lines of left, lines of right) int64
    """
    return _sum_over_blocks(_products(left, right))


def exact_square(lines: Array) -> NDArray[np.int64] | None:
    """Sum of lines[i] @ lines[i].T over the blocks i, exactly; None where it may exceed 2**53.

    The diagonal, sums of squares, bounds all sums of products, partial ones too (Cauchy-Schwarz). It is computed with
    rounding, but a sum of squares that comes out below 2**53 never had to be rounded: beyond, it would not come back.
    """
    products = _products(lines, lines)
    if products.max(initial=0) >= 2**53:
        return None
    return _sum_over_blocks(products)


def _sum_over_blocks(products: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
    if len(products) == 1:
        single: NDArray[np.int64] = products[0].astype(np.int64)
        return single
    # Converted as it is added: one pass over the numbers instead of two.
    total: NDArray[np.int64] = np.add.reduce(products, axis=0, dtype=np.int64)
    return total


def _products(left: Array, right: Array) -> NDArray[np.float64] | NDArray[np.int64]:
    if not float64_is_exact():
        left, right = left.astype(np.int64), right.astype(np.int64)
    products: NDArray[np.float64] | NDArray[np.int64] = np.matmul(left, right.transpose(0, 2, 1))
    return products


@cache
def float64_is_exact() -> bool:
    """Whether this BLAS may be trusted; tested once per process, with a warning where it may not.

    Integers of at most 2**53 need no rounding in IEEE arithmetic, but a BLAS is free to compute otherwise: in lower
    precision, or with sums of entries before the products.
    """
    exact = _largest_digits_survive()
    if not exact:
        warnings.warn(
            "the linear algebra library behind NumPy does not multiply integer matrices exactly; "
            "exact sums use NumPy's integer product instead: right, but many times slower",
            RuntimeWarning,
            stacklevel=2,
        )
    if not _tiny_numbers_survive():
        warnings.warn(
            "this process flushes tiny numbers to zero (a library changed the processor's mode): "
            "numbers below 2.2e-308 in size will count as zero in exact sums",
            RuntimeWarning,
            stacklevel=2,
        )
    return exact


def _largest_digits_survive() -> bool:
    top, random = 2**22, np.random.default_rng(0)
    for lines in (2, 67):
        shape = (2, lines, 512)
        for A in (np.full(shape, top), top - random.integers(0, 2, shape), random.integers(-top, top + 1, shape)):
            a, B = A.astype(np.float64), A[:, : lines // 2 + 1]
            # The product of a matrix with its own transpose is another routine (SYRK) than one of two matrices (GEMM).
            for b, integers in ((a, A), (B.astype(np.float64), B)):
                product = np.matmul(a, b.transpose(0, 2, 1))
                if not (product == np.matmul(A, integers.transpose(0, 2, 1))).all():
                    return False
    return True


def _tiny_numbers_survive() -> bool:
    tiny = np.full(8, 5e-324)
    # Scaling relies on both: that tiny numbers stay what they are, and that NumPy reports when they cannot.
    try:
        with np.errstate(under="raise"):
            tiny * 0.5
    except FloatingPointError:
        return bool((tiny * 2.0**60 == 2.0**-1014).all())
    return False
