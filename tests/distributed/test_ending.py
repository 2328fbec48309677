"""Whoever ends first ends all, with its code and its words, said once; where a process stands is read."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradline.data.blocks import Rows, portions
from gradline.distributed import ending
from gradline.distributed.ending import Ending
from gradline.distributed.place import Place
from gradline.distributed.share import steps_of
from gradline.errors import DataError


class Store:
    """As much of torch's as is used: bytes by name, for threads."""

    def __init__(self):
        self.there, self.lock = {}, threading.Lock()

    def check(self, keys):
        return all(key in self.there for key in keys)

    def get(self, key):
        return self.there[key]

    def set(self, key, value):
        self.there[key] = value.encode()

    def compare_set(self, key, _, value):
        with self.lock:
            return self.there.setdefault(key, value.encode())

    def add(self, key, more):
        with self.lock:
            self.there[key] = str(int(self.there.get(key, b"0")) + more).encode()
            return int(self.there[key])

    def wait(self, keys, limit):
        deadline = time.monotonic() + limit.total_seconds()
        while not self.check(keys):
            if time.monotonic() > deadline:
                raise RuntimeError("not there")
            time.sleep(0.001)


class Process(Ending):
    """Ends by taking down its code."""

    def __init__(self, store, rank, size):
        self.said, self.codes, self.left = [], [], threading.Event()
        super().__init__(store, rank, size, self.said.append, lambda code: (self.codes.append(code), self.left.set()))


def end(process, *how, **patience):
    with pytest.raises(SystemExit):
        process.end(*how, **patience)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_the_first_to_end_ends_all_with_its_code_and_process_0_speaks_once(failing):
    store = Store()
    processes = [Process(store, rank, 3) for rank in range(3)]
    for process in processes:
        process.watch()
    with pytest.raises(SystemExit):
        processes[failing].end(7, "error: row 5 is no row")
    assert all(process.left.wait(20) for process in processes)
    assert [process.codes for process in processes] == [[7]] * 3
    assert [process.said for process in processes] == [["error: row 5 is no row"], [], []]


def test_several_errors_at_once_are_one():
    store = Store()
    processes = [Process(store, rank, 3) for rank in range(3)]
    threads = [
        threading.Thread(target=end, args=(process, n, f"error: {n}")) for n, process in enumerate(processes, start=1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (said,) = processes[0].said
    assert {code for process in processes for code in process.codes} == {int(said[-1])}


def test_who_was_lost_may_still_say_why():
    """The others notice the broken sum at once; they wait for whoever broke it."""
    store = Store()
    first, second = Process(store, 0, 2), Process(store, 1, 2)
    waiting = threading.Thread(target=end, args=(first, 1, "error: another process ended"), kwargs={"patience": 20})
    waiting.start()
    with pytest.raises(SystemExit):
        second.end(1, "error: a corrupt row group")
    waiting.join(30)
    assert first.said == ["error: a corrupt row group"]


def test_an_alarm_reaches_all_and_ends_none():
    store = Store()
    processes = [Process(store, rank, 3) for rank in range(3)]
    for process in processes:
        process.watch()
    assert not any(process.alarmed() for process in processes)
    processes[1].alarm()
    deadline = time.monotonic() + 20
    while not all(process.alarmed() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(process.alarmed() for process in processes)
    assert [process.codes for process in processes] == [[], [], []]
    for process in processes:
        process.rest()


def test_a_store_that_does_not_answer_keeps_nobody(monkeypatch):
    """As where the first process, which has it, hangs."""
    monkeypatch.setattr(ending, "STORE_SECONDS", 0.1)
    store, answers = Store(), threading.Event()
    monkeypatch.setattr(store, "check", lambda keys: answers.wait(30) and False)
    second = Process(store, 1, 2)
    waiting = threading.Thread(target=end, args=(second, 1, "error: another process said nothing"))
    waiting.start()
    assert second.left.wait(20)
    answers.set()
    waiting.join(30)
    assert second.codes[0] == 1


def test_work_that_is_done_is_not_watched():
    store = Store()
    process = Process(store, 0, 2)
    process.watch()
    process.rest()
    store.set("end", '[1, "too late"]')
    assert not process.left.wait(0.5)


# Where a process stands

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "3", "MASTER_ADDR": "10.0.0.5", "MASTER_PORT": "29500"}


@pytest.fixture
def environment(monkeypatch):
    def write(**values):
        for name in (*TORCHRUN, "LOCAL_RANK"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return write


def test_the_environment_says_where_a_process_stands(environment):
    environment(**TORCHRUN, LOCAL_RANK="1")
    assert Place.of_environment() == (1, 3, "10.0.0.5", 29500, 1)


@pytest.mark.parametrize("missing", ["RANK", "WORLD_SIZE", "MASTER_ADDR"])
def test_without_all_of_it_a_process_is_alone(environment, missing):
    environment(**{name: value for name, value in TORCHRUN.items() if name != missing})
    assert Place.of_environment() is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"RANK": "3"}, "RANK is 3, expected a number below WORLD_SIZE, which is 3"),
        ({"RANK": "-1"}, "RANK is '-1', expected a whole number"),
        ({"WORLD_SIZE": "many"}, "WORLD_SIZE is 'many'"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE is '0'"),
        ({"MASTER_PORT": ""}, "MASTER_PORT is ''"),
    ],
)
def test_what_cannot_be_is_a_sentence(environment, wrong, told):
    environment(**TORCHRUN | wrong)
    with pytest.raises(DataError, match=told):
        Place.of_environment()


# Rows shared out


@given(st.lists(st.integers(0, 400), min_size=1, max_size=6), st.integers(1, 200))
def test_steps_take_every_row_once_and_are_about_equal(counts, rows):
    steps = steps_of(counts, rows)
    assert [sum(step[rank] for step in steps) for rank in range(len(counts))] == counts
    assert len(steps) == max(1, -(-sum(counts) // rows))
    for rank, count in enumerate(counts):
        assert {step[rank] for step in steps} <= {count // len(steps), -(-count // len(steps))}


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 9), max_size=8))
def test_portions_are_the_same_rows_in_the_same_order(blocks, sizes):
    total = sum(sizes)
    blocks = [*blocks, max(0, total - sum(blocks))]
    numbers = iter(range(1000))
    rows = [Rows(np.array([[float(next(numbers))] for _ in range(n)]).reshape(n, 1), np.zeros(n), None) for n in blocks]
    parts = list(portions(rows, sizes, 1))
    assert [len(part.y) for part in parts] == sizes
    assert [value for part in parts for value in part.X.ravel().tolist()] == [float(i) for i in range(total)]


def test_a_table_that_has_lost_rows_is_told():
    with pytest.raises(DataError, match="met fewer rows than the one before"):
        list(portions([Rows(np.ones((2, 1)), np.ones(2), None)], [3], 1))
