"""A checksum of rows is that of their numbers in order, however they are cut and laid out; it sees every change."""

import zlib

import numpy as np
import pytest

from gradline.data.batch import Batch
from gradline.data.row_check import RowCheck

ROWS = np.random.default_rng(0).normal(size=(60, 5))


def batch(rows, weighted, order="C"):
    X = np.asarray(rows[:, :3], order=order)
    return Batch.of(X, rows[:, 3], np.exp(rows[:, 4]) if weighted else None)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_cut_and_memory_order_has_the_crc_of_the_rows(weighted, order):
    numbers = np.c_[ROWS[:, :4], np.exp(ROWS[:, 4])] if weighted else ROWS[:, :4]
    expected = RowCheck(numbers.nbytes, zlib.crc32(numbers.tobytes()))
    for first, then in [(0, 60), (0, 0), (1, 59), (7, 30)]:
        cuts = [ROWS[:first], ROWS[first:then], ROWS[then:]]
        assert RowCheck.of(batch(part, weighted, order) for part in cuts) == expected
        a, b, c = (RowCheck.of([batch(part, weighted, order)]) for part in cuts)
        assert (a + b) + c == a + (b + c) == expected


def test_a_changed_moved_or_missing_row_shows():
    whole = RowCheck.of([batch(ROWS, True)])
    changed = ROWS.copy()
    changed[30, 1] = np.nextafter(changed[30, 1], 9)
    signed = ROWS.copy()
    signed[[3, 4], 0] = signed[[4, 3], 0]
    for other in (changed, signed, ROWS[::-1], ROWS[1:]):
        assert RowCheck.of([batch(other, True)]) != whole
