"""All the numbers of the page, from one pass over the rows and a few short descents; as JSON can hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradline.data.batch import Batch
from gradline.data.source import Source
from gradline.descent.goal.problem import Problem
from gradline.errors import DataError
from gradline.moments.precision import Statistics
from gradline.report.lab import names
from gradline.report.lab.recorded import EVERY, Recording, condensed, record
from gradline.report.lab.sample import Sampled
from gradline.report.lab.views import Coordinates, View
from gradline.solution import Array

MOST_POINTS = 2000
MOST_POINTS_IN_A_PLANE = 400  # each comes with its place in every view
MOST_COLUMNS = 200
FEW = 8  # below it a sum of rows has one order, and the page's arithmetic has NumPy's bits
FLAT = 1e-14  # of the largest curvature: below it float64 cannot tell it from none
FATES = (0.1312, 0.999744, 1.8368, 2.624)  # 0.001, 0.00762, 0.014, 0.02 on the lesson's data, in units of 1 / L


@dataclass(frozen=True, slots=True)
class Setup:
    """What the page opens with.

    Attributes
    ----------
    fit_intercept : bool
    start : tuple of float
        Slope and intercept of one feature; (0, 0) for more.
    rates : tuple of float or None
        The four of the story; None: `FATES` / L.
    about : str
        The data in some words; "": target, features and rows.
    command : str
        What fits the same table outside of the page.
    other_command : str
        The same with the intercept switched; "" where no command does.
    torch : bool
        Whether PyTorch, which takes seconds to load, may be loaded to run its rungs.
    """

    fit_intercept: bool = True
    start: tuple[float, float] = (0.0, 0.0)
    rates: tuple[float, ...] | None = None
    about: str = ""
    command: str = ""
    other_command: str = ""
    torch: bool = True


@dataclass(frozen=True, eq=False)
class Facts:
    """A table as the page knows it.

    Attributes
    ----------
    views : list of View
        Intercept or not, standardised or not; the first is the one the page opens with. Columns far from zero have
        only a standardised one: as they are, the curvatures differ by more than float64 can hold.
    name, target, features
        As the page shows them: those that are too long for it are short, and whole in `in_full`.
    sample : (points, features + 1) float64
        Rows, y last: all of them where there are few.
    weights : (points,) float64 or None
        Of the rows in `sample`, where they do not all count once.
    recordings : list of Recording
        Of the first view, one for each of `rates`.
    """

    name: str
    target: str
    features: tuple[str, ...]
    in_full: list[tuple[str, str]]
    rows: int
    setup: Setup
    moments: Statistics
    views: list[View]
    sample: Array
    weights: Array | None
    rates: tuple[float, ...]
    recordings: list[Recording]

    @classmethod
    def of(cls, source: Source, setup: Setup) -> Facts:
        """Read `source`: once, where float64 sums have digits enough.

        Raises
        ------
        DataError
            Where there are more than 200 columns, no line is determined, or numbers are too large to square.
        """
        p = len(source.feature_names)
        if p > MOST_COLUMNS:
            raise DataError(
                f"{source.name} has {p} features, and the lab shows a plane of at most {MOST_COLUMNS}",
                hint="name some of them with features=[...]",
            )
        sampled = Sampled(source, MOST_POINTS if p == 1 else MOST_POINTS_IN_A_PLANE)
        problem = Problem.of(sampled, bias=setup.fit_intercept, conditioned=False, dtype="float64")
        features = names.labels(source.feature_names)
        views = ways_to_look(problem, setup, features)
        first = views[0]
        largest = float(first.curvatures[0][-1])
        rates = setup.rates or tuple(float(f"{fate / largest:.4g}") for fate in FATES)
        moments, sample = problem.moments, sampled.sample.rows[:, :-1]
        weights = sampled.sample.rows[:, -1].copy() if sampled.weighted else None
        all_here = moments.rows == len(sample)
        batch = Batch.of(sample[:, :-1].copy(), sample[:, -1].copy(), weights) if all_here else condensed(moments)
        batch = replace(batch, X=(batch.X - first.coordinates.centre) / first.coordinates.scale)
        start = first.coordinates.enter(_start(setup, p, setup.fit_intercept))
        recordings = record(batch, start, rates, first.quadratic, torch=setup.torch)
        return cls(
            names.shown(source.name),
            names.shown(source.target_name),
            features,
            names.in_full([*source.feature_names, source.target_name], [*features, names.shown(source.target_name)]),
            moments.rows,
            setup,
            moments,
            views,
            sample,
            weights,
            rates,
            recordings,
        )

    @property
    def all_here(self) -> bool:
        """Is every row in the page?"""
        return self.rows == len(self.sample)

    @property
    def equation(self) -> str:
        """The model in symbols, as the lesson writes it."""
        if len(self.features) > 1:
            return "y = X w + b" if self.setup.fit_intercept else "y = X w"
        return "y = a x + b" if self.setup.fit_intercept else "y = a x"

    def as_dict(self) -> dict[str, Any]:
        """What the page's script reads; nothing in it is infinite or NaN."""
        digits = 17 if self.rows < FEW else 6
        points: dict[str, Any] = {"y": _rounded(self.sample[:, -1], digits)}
        if len(self.features) == 1:
            points["x"] = _rounded(self.sample[:, 0], digits)
        if self.weights is not None:
            points["w"] = _rounded(self.weights, 4)
        return {
            "target": self.target,
            "features": list(self.features[:3]),
            "p": len(self.features),
            "inFull": self.in_full,
            "rows": self.rows,
            "weight": self.rows if self.weights is None else float(self.moments.weight),
            "allHere": self.all_here,
            "byRows": self.rows < FEW and len(self.features) == 1 and self.weights is None,
            "commands": self._commands(),
            "points": points,
            "views": [self._view(view) for view in self.views],
            "rates": list(self.rates),
            "start": list(self.setup.start),
            "batches": self._batches(),
            "recorded": self._recorded(),
        }

    def _commands(self) -> dict[str, str]:
        """What fits the same table: with the intercept, and without; JSON has words as keys."""
        opens, setup = self.setup.fit_intercept, self.setup
        told = {opens: setup.command, not opens: setup.other_command}
        return {str(intercept).lower(): names.command(line) for intercept, line in told.items()}

    def _view(self, view: View) -> dict[str, Any]:
        values, vectors = view.curvatures
        facts: dict[str, Any] = {
            "intercept": view.coordinates.intercept,
            "standardise": view.coordinates.standardise,
            "names": list(view.names),
            "axes": list(view.axes),
            "H": view.H.tolist(),
            "best": view.best.tolist(),
            "floor": view.floor,
            "curvatures": values.tolist(),
            "vectors": vectors.T.tolist(),
            "directions": list(view.directions),
            "wrongBest": view.wrong_best.tolist(),
            "wrongFloor": view.wrong_floor,
        }
        if len(self.features) == 1:
            facts |= {"centre": float(view.coordinates.centre[0]), "scale": float(view.coordinates.scale[0])}
        else:
            columns, offset = view.columns(self.sample[:, :-1])
            facts |= {"z": [_rounded(column, 4) for column in columns.T], "start": view.start.tolist()}
            if view.plane is not None:
                facts["of"] = len(view.quadratic.best)
                if not view.coordinates.standardise:  # the answer predicts the same in every unit
                    facts["offset"] = _rounded(offset, 5)
        return facts

    def _batches(self) -> list[int]:
        """Sizes of a batch worth a look; 0 is all rows. Where rows weigh, a batch would weigh what its draw left it."""
        if self.weights is not None:
            return [0]
        some = 2 if len(self.sample) < 16 else 8 if len(self.sample) < 64 else 32
        return [0, some, 1] if len(self.sample) > 2 else [0, 1]

    def _recorded(self) -> dict[str, Any]:
        place, runs = self.views[0].place, []
        for recording in self.recordings:
            base = place(recording.paths["float64", "numpy"])[::EVERY]
            others = {
                f"{dtype} {rung}": _differences(place(path)[::EVERY], base, 3 if dtype == "float32" else 2)
                for (dtype, rung), path in recording.paths.items()
                if (dtype, rung) != ("float64", "numpy")
            }
            runs.append({"rate": recording.rate, "numpy": base.T.tolist(), "others": others})
        return {
            "every": EVERY,
            "runs": runs,
            "disagreement": max(recording.disagreement("float64") for recording in self.recordings),
            "disagreement32": max(recording.disagreement("float32") for recording in self.recordings),
            "parting": max(recording.parting() for recording in self.recordings),
        }


def ways_to_look(problem: Problem, setup: Setup, features: Sequence[str] = ()) -> list[View]:
    """With the intercept asked for first, in the data's own units first; those in which the loss bends."""
    moments, features = problem.moments, features or problem.names
    views = []
    for intercept in (setup.fit_intercept, not setup.fit_intercept):
        solution = problem.exact if intercept is setup.fit_intercept else moments.solve(fit_intercept=intercept)
        if len(features) == 1 and solution.certificate and solution.certificate.rank == 0:
            continue  # a constant column beside an intercept: no second axis to look along
        start = _start(setup, len(features), intercept)
        for standardise in (False, True):
            coordinates = Coordinates.of(moments, intercept=intercept, standardise=standardise)
            if (coordinates.scale > 0).all():
                view = View.of(moments, solution, start, features, coordinates)
                if view.curvatures[0][0] > FLAT * view.curvatures[0][-1]:
                    views.append(view)
    if not views or views[0].coordinates.intercept is not setup.fit_intercept:
        raise DataError(
            f"the columns {', '.join(map(repr, features))} leave no two directions in which the loss bends",
            hint="leave out a column that repeats another",
        )
    return views


def _start(setup: Setup, features: int, intercept: bool) -> Array:
    slope, constant = setup.start
    return np.array([slope] * features + [constant] * intercept)


def _rounded(values: Array, digits: int) -> list[float]:
    return values.tolist() if digits >= 17 else [float(f"{value:.{digits}g}") for value in values]


def _differences(path: Array, base: Array, digits: int) -> list[list[float]]:
    """What a path adds to another: zeros where they agree, and few digits where they do not."""
    steps = min(len(path), len(base))
    gaps = path[:steps] - base[:steps]
    return [[0 if gap == 0 else float(f"{gap:.{digits - 1}e}") for gap in column] for column in gaps.T]
