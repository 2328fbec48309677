"""Tables cut into parts in any way, read in any order: for tests."""

import pickle
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from gradline.data.columns.design import designed
from gradline.data.part import part_of, state_of
from gradline.data.parted import PartedSource
from gradline.data.readers.columnar import TableReader
from gradline.data.table_source import TableSource
from gradline.distributed.partitions import PartitionsReader

ROWS = 240


def in_turn(of, whole, parts, merged):
    """A Runner that takes one part after the other."""
    for part in parts:
        yield 1, state_of(of, whole, part)


def in_parts(frame, sizes, run=in_turn, *, target="y", features=None, formula=None, reference=None, weight=None, **how):
    """A DataFrame cut into parts of these sizes."""
    reader = PartitionsReader(TableReader.of(frame), "DataFrame")
    roles, design = designed(reader, target, features, formula, reference or {}, weight)
    edges = np.cumsum([0, *sizes])
    parts = [frame.iloc[a:b] for a, b in pairwise(edges)]
    return PartedSource(TableSource(reader, roles, design, **how), list(enumerate(parts)), run)


class InAnyOrder:
    """A Runner: parts in an order that is drawn, some of them twice, neighbours merged in a tree that is drawn."""

    def __init__(self, draw):
        self.draw = draw

    def __call__(self, of, whole, parts, merged):
        states = {}
        for number in self.draw(st.permutations(range(len(parts)))):
            states[number] = of(part_of(whole, parts[number]))
            if self.draw(st.booleans()):
                states[number] = pickle.loads(pickle.dumps(of(part_of(whole, parts[number]))))
        row = [(1, states[number]) for number in range(len(parts))]
        while len(row) > 1 and self.draw(st.integers(0, 5)):
            j = self.draw(st.integers(0, len(row) - 2))
            (a, first), (b, then) = row[j : j + 2]
            row[j : j + 2] = [(a + b, merged(first, then))]
        yield from row


@st.composite
def parting(draw):
    """Sizes of parts that make ROWS, among them empty ones, and who reads them."""
    cuts = draw(st.lists(st.integers(0, ROWS), max_size=12))
    edges = sorted([0, *cuts, ROWS])
    return [b - a for a, b in pairwise(edges)], InAnyOrder(draw)
