"""Products by float64 digits against Python's own."""

import random

import numpy as np
import pytest

from gradline.moments.integers import blas_product, integer_product


def matrix(size, bits, seed):
    draw = random.Random(seed)
    return np.array([[draw.randint(-(2**bits), 2**bits) for _ in range(size)] for _ in range(size)], dtype=object)


@pytest.mark.parametrize("bits", [1, 15, 16, 17, 150, 400])
@pytest.mark.parametrize("size", [2, 33])
def test_products_are_those_of_integers(size, bits, monkeypatch):
    monkeypatch.setattr(integer_product, "FEW", 1)
    A, B = matrix(size, bits, 1), matrix(size, 90, 2)
    assert (integer_product.integer_product(A, B) == A @ B).all()


@pytest.mark.parametrize("bits", [15, 16, 31, 32, 48])
def test_the_largest_digits_of_either_sign(bits):
    for a in (2**bits - 1, -(2**bits), 2**bits, -(2**bits) - 1):
        A = np.full((40, 40), a, dtype=object)
        assert (integer_product.integer_product(A, A) == 40 * a * a).all()


def test_without_an_exact_blas_python_multiplies(monkeypatch):
    monkeypatch.setattr(integer_product, "float64_is_exact", lambda: False)
    A = matrix(40, 100, 3)
    assert blas_product.float64_is_exact()
    assert (integer_product.integer_product(A, A) == A @ A).all()
