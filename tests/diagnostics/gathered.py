"""A measure for tests: the blocks themselves, one after the other."""

import copy
from dataclasses import dataclass, fields

import numpy as np

from gradline.diagnostics.block import Block
from gradline.diagnostics.frame import Frame
from gradline.diagnostics.second_pass import examine
from gradline.moments.moments import Moments
from gradline.moments.one_pass import one_pass

FIGURES = [field.name for field in fields(Block) if field.init and field.name not in ("frame", "scratch")]


@dataclass(frozen=True)
class Gathered:
    frame: Frame | None = None

    def of(self, block):
        return [{name: copy.deepcopy(getattr(block, name)) for name in FIGURES}]

    def merged(self, first, then):
        return first + then

    def figures(self, state):
        figures = {}
        for name in FIGURES:
            parts = [block[name] for block in state]
            if name == "groups":
                figures[name] = tuple(np.concatenate(numbers) for numbers in zip(*parts, strict=True))
            elif name == "stack":
                figures[name] = np.concatenate(parts, axis=1)
            else:
                figures[name] = None if parts[0] is None else np.concatenate(parts)
        return self.frame, Block(self.frame, **figures)


def gathered(source, *, kind=Moments, fit_intercept=True, solution=None, frame=None, groups=(), **options):
    """The final frame, and all rows in it as one block."""
    if frame is None:
        moments = one_pass(source, kind)
        solution = moments.solve(fit_intercept) if solution is None else solution
        frame = Frame.of(moments, solution, fit_intercept=fit_intercept, names=source.feature_names)
    return examine(source, frame, [Gathered(frame)], groups=groups, **options)[0]
