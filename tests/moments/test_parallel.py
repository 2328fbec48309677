import threading

import numpy as np
import pytest

from gradline.errors import DataError
from gradline.moments.parallel import InOrder, accumulate, available_threads, numbered, one_blas_thread, row_blocks


class Collector:
    def __init__(self):
        self.blocks = []

    def add(self, block):
        self.blocks.append(block)


class Closing:
    """An iterator that knows whether it was closed, and may break at one of its items."""

    def __init__(self, items, breaks_at=None):
        self.items = iter(items)
        self.breaks_at = breaks_at
        self.closed = False

    def __iter__(self):
        return self

    def __next__(self):
        item = next(self.items)
        if item == self.breaks_at:
            raise OSError("the disk is gone")
        return item

    def close(self):
        self.closed = True


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_every_block_is_added_once(threads):
    parts = accumulate(Collector, range(100), threads)
    assert sorted(block for part in parts for block in part.blocks) == list(range(100))


def test_there_are_no_more_accumulators_than_blocks_but_always_one():
    assert len(accumulate(Collector, "ab", threads=8)) == 2
    assert [part.blocks for part in accumulate(Collector, "", threads=8)] == [[]]


def test_threads_work_at_the_same_time():
    barrier = threading.Barrier(3, timeout=20)

    class Meeting(Collector):
        def add(self, block):
            barrier.wait()  # passes only when three threads are here at once

    accumulate(Meeting, range(3), threads=3)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_ends_the_pass_and_closes_the_blocks(threads):
    class Fussy(Collector):
        def add(self, block):
            if block == 5:
                raise DataError("block 5 is bad")

    blocks = Closing(range(10**9))
    with pytest.raises(DataError, match="block 5 is bad"):
        accumulate(Fussy, blocks, threads)
    assert blocks.closed


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_blocks_reaches_the_caller(threads):
    blocks = Closing(range(100), breaks_at=50)
    with pytest.raises(OSError, match="the disk is gone"):
        accumulate(Collector, blocks, threads)
    assert blocks.closed


def test_a_thread_count_below_one_is_refused():
    with pytest.raises(ValueError, match="threads=0"):
        accumulate(Collector, [], threads=0)


def blas_threads():
    from threadpoolctl import threadpool_info

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_overlapping_holds_leave_the_blas_as_it_was():
    before = blas_threads()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert min(blas_threads()) == 1  # the second still holds it
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_parts_are_added_in_the_order_of_their_numbers():
    class Text(str):
        def merged(self, other, sign):
            return Text(self + other)

    results = InOrder(Text())
    for number in (2, 0, 3, 1):
        results.put(number, Text("abcd"[number]))
    assert results.total == "abcd"


def test_batches_carry_their_number_and_the_rows_before():
    blocks = numbered(row_blocks(np.ones((5, 1)), np.ones(5), rows=2))
    assert [(number, before, len(batch)) for number, before, batch in blocks] == [(0, 0, 2), (1, 2, 2), (2, 4, 1)]


def test_row_blocks_are_views_in_order():
    X, y = np.arange(14.0).reshape(7, 2), np.arange(7.0)
    batches = list(row_blocks(X, y, rows=3))
    assert all(np.shares_memory(batch.X, X) and np.shares_memory(batch.y, y) for batch in batches)
    np.testing.assert_array_equal(np.concatenate([batch.X for batch in batches]), X)
    assert [batch.share.sum() for batch in batches] == pytest.approx([1.0, 1.0, 1.0])


def test_rows_of_weight_zero_are_left_out():
    batches = list(row_blocks(np.arange(4.0)[:, None], np.arange(4.0), np.array([1.0, 0.0, 2.0, 0.0]), rows=2))
    assert [batch.y.tolist() for batch in batches] == [[0.0], [2.0]]
    assert [batch.weight.tolist() for batch in batches] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("X", "y", "weight", "message"),
    [
        (np.ones(3), np.ones(3), None, r"X has shape \(3,\)"),
        (np.ones((3, 1)), np.ones((3, 1)), None, r"y has shape \(3, 1\)"),
        (np.ones((3, 1)), np.ones(4), None, "X has 3 rows but y has 4"),
        (np.ones((3, 1)), np.ones(3), np.ones(2), r"sample_weight has shape \(2,\)"),
        (np.ones((3, 1)), np.ones(3), np.array([1.0, -2.0, 1.0]), "the first is -2.0 in row 2"),
        (np.ones((3, 1)), np.ones(3), np.array([1.0, 2.0, np.nan]), "the first is nan in row 3"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_the_first_block(X, y, weight, message):
    with pytest.raises(DataError, match=message):
        row_blocks(X, y, weight)


def test_there_is_at_least_one_thread():
    assert available_threads() >= 1
