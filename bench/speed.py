"""The rows of speed: which contenders do the same work, at which sizes, and what gradline is to reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench import tables
from bench.clock import Contender, Timing, measure
from bench.page import Finding, Section, Table, duration, ratio

Say = Callable[[str], None]

FLOAT64, EXACT, AUTO = "gradline, float64", "gradline, exact", "gradline, auto"
SKLEARN, INTELEX = "scikit-learn", "scikit-learn-intelex"
MOMENTS = 'gradline, engine "moments"'
GRADLINE = "gradline"
BARE = "pyarrow's bare read"
BARE_PRODUCTS = "most of its time is X'X by the BLAS as it is: see the bare products, with which nothing is fitted yet."
DIGITS_COST = (
    "each number is cut into three digits: six to nine times the float64 product. See the bare "
    "digit products, for which nothing is cut, added up or solved yet."
)


@dataclass(frozen=True)
class Goal:
    """`against` takes at least so many times as long as `ours`."""

    ours: str
    against: str
    at_least: float
    limit: str = ""


@dataclass(frozen=True)
class Row:
    """Contenders that do the same work; the first is what the answers of the others are compared with.

    `prepare(folder)` writes the data and returns the argument that every contender gets.
    `ours` are the contenders, one or two, that the others are divided by.
    """

    key: str
    title: str
    text: str
    work: str
    prepare: Callable[[Path], dict[str, Any]]
    contenders: Sequence[Contender]
    ours: Sequence[str]
    goals: Sequence[Goal]
    rounds: int
    notes: Sequence[str] = field(default_factory=tuple)
    agreement: str | None = "answers agree to"
    must_agree: float | None = None

    def measured(self, folder: Path, threads: int, say: Say) -> Section:
        data = self.prepare(folder)
        contenders = [Contender(c.label, c.call, data | c.arguments) for c in self.contenders]
        timings = {t.label: t for t in measure(contenders, self.rounds, threads, say)}
        for timing in timings.values():
            say(f"    {timing.label}: {timing.failure or duration(timing.median)}")
        return Section(
            self.title,
            self.text,
            [self._table(timings)],
            [*self._verdicts(timings), *self._agreed(timings)],
            self.notes,
        )

    def _table(self, timings: dict[str, Timing]) -> Table:
        first = next(iter(timings.values()))
        header = ["", "median", "fastest .. slowest", *(f"x {label}" for label in self.ours)]
        header += [self.agreement] if self.agreement else []
        rows = []
        for timing in timings.values():
            if timing.failure:
                rows.append([timing.label, timing.failure, *[""] * (len(header) - 2)])
                continue
            row = [timing.label, duration(timing.median)]
            row += [f"{duration(min(timing.seconds))} .. {duration(max(timing.seconds))}"]
            row += [_quotient(timing, timings[label]) for label in self.ours]
            if self.agreement:
                row += ["-" if timing is first else _agreement(timing.answer, first.answer)]
            rows.append(row)
        return Table(header, rows)

    def _verdicts(self, timings: dict[str, Timing]) -> list[Finding]:
        findings = []
        for goal in self.goals:
            ours, against = timings[goal.ours], timings[goal.against]
            known = bool(ours.seconds and against.seconds)
            times = against.median / ours.median
            single = [b / a for a, b in zip(ours.seconds, against.seconds, strict=True)] if known else []
            findings.append(
                Finding(
                    self.work,
                    goal.ours.removeprefix("gradline, "),
                    goal.against,
                    f"{ratio(times)} ({ratio(min(single))} .. {ratio(max(single))})" if known else "-",
                    f">= {goal.at_least:g}x",
                    times >= goal.at_least if known else None,
                    goal.limit,
                )
            )
        return findings

    def _agreed(self, timings: dict[str, Timing]) -> list[Finding]:
        if self.must_agree is None:
            return []
        first, ours = next(iter(timings.values())), timings[self.ours[0]]
        known = bool(first.answer and ours.answer)
        apart = disagreement(ours.answer, first.answer) if known else float("nan")
        goal = f"<= {self.must_agree:g}"
        reached = apart <= self.must_agree if known else None
        return [Finding(f"{self.work}: the trajectory", ours.label, first.label, f"{apart:.1e}", goal, reached)]


def disagreement(found: Sequence[float], right: Sequence[float]) -> float:
    """The largest relative difference of two lists of numbers."""
    a, b = np.array(found, dtype=float), np.array(right, dtype=float)
    return float((abs(a - b) / abs(b)).max())


def _agreement(found: Any, right: Any) -> str:
    return f"{disagreement(found, right):.1e}" if found and right else "-"


def _quotient(timing: Timing, ours: Timing) -> str:
    return "1" if timing is ours else "-" if ours.failure else ratio(timing.median / ours.median)


def rows(*, quick: bool, threads: int) -> list[Row]:
    rounds = 3 if quick else 5
    return [
        steps(100_000 if quick else 1_000_000, 10, rounds),
        in_memory("tall", 200_000 if quick else 2_000_000, 20, rounds, threads, {FLOAT64: (25, 2), EXACT: (5, None)}),
        in_memory(
            "wide", 20_000 if quick else 200_000, 200, rounds, threads, {FLOAT64: (12, None), EXACT: (1.5, None)}
        ),
        parquet(500_000 if quick else 5_000_000, 10, rounds),
        csv(200_000 if quick else 2_000_000, 10, rounds),
        epoch(100_000 if quick else 1_000_000, 10, 3),
        many_columns(300 if quick else 2000, 3000 if quick else 20_000, None, rounds),
        many_columns(50_000 if quick else 1_000_000, 5000 if quick else 100_000, 5, rounds),
    ]


def steps(n: int, d: int, rounds: int) -> Row:
    loop = "the lesson's NumPy loop"
    how = {"steps": 100, "rate": 0.1}
    return Row(
        key="steps",
        title=f"100 full-batch steps, {n:,} x {d}",
        text="Gradient descent from zeros at a rate of 0.1, each step's loss and parameters kept. Engine "
        '"moments" reads the rows once and takes every step from their sums.',
        work=f"100 steps, {n:,} x {d}",
        prepare=lambda folder: {"stem": tables.arrays(folder, n, d)},
        contenders=[
            Contender(loop, "bench.descents:lesson_loop", how),
            Contender(MOMENTS, "bench.descents:gradline_steps", {"engine": "moments", **how}),
            Contender("the same, statistics at hand", "bench.descents:gradline_steps_alone", how),
            Contender('gradline, engine "numpy"', "bench.descents:gradline_steps", {"engine": "numpy", **how}),
        ],
        ours=[MOMENTS],
        goals=[Goal(MOMENTS, loop, 100, "nearly all of its time is the one pass over the rows, not the steps.")],
        rounds=rounds,
        agreement="trajectory agrees to",
        must_agree=1e-12,
        notes=[
            "The trajectory is every slope after every step and every loss before it; the largest relative difference.",
            "The goal is for the call as its user makes it, the pass over the data included. With the statistics at "
            "hand the descent alone is left, whose cost does not depend on the rows.",
        ],
    )


def in_memory(
    key: str, n: int, d: int, rounds: int, threads: int, wanted: dict[str, tuple[float, float | None]]
) -> Row:
    return Row(
        key=key,
        title=f"Exact fit in memory, {n:,} x {d}",
        text="Arrays in memory to coefficients.",
        work=f"fit, {n:,} x {d}",
        prepare=lambda folder: {"stem": tables.arrays(folder, n, d)},
        contenders=[
            Contender(EXACT, "bench.fits:gradline", {"precision": "exact"}),
            Contender(FLOAT64, "bench.fits:gradline", {"precision": "float64"}),
            Contender(AUTO, "bench.fits:gradline", {"precision": "auto"}),
            Contender(SKLEARN, "bench.fits:sklearn"),
            Contender("scikit-learn, copy_X=False, assume_finite", "bench.fits:sklearn_in_place"),
            Contender('scikit-learn Ridge(alpha=0, solver="cholesky")', "bench.fits:sklearn_ridge"),
            Contender(INTELEX, "bench.fits:intelex"),
            Contender("numpy.linalg.lstsq on [1, X]", "bench.fits:numpy_lstsq"),
            Contender("the bare products, no fit", "bench.fits:bare_products", {"threads": threads}),
            Contender("the bare digit products, no fit", "bench.fits:bare_digit_products", {"threads": threads}),
            Contender("polars-ols", "bench.fits:polars_ols"),
            Contender('polars-ols, solve_method="chol"', "bench.fits:polars_ols", {"method": "chol"}),
        ],
        ours=[FLOAT64, EXACT],
        goals=[
            Goal(ours, against, at_least, DIGITS_COST if ours == EXACT else BARE_PRODUCTS)
            for ours, goals in wanted.items()
            for against, at_least in zip((SKLEARN, INTELEX), goals, strict=True)
            if at_least is not None
        ],
        rounds=rounds,
        notes=[
            "numpy is handed [1, X] and polars-ols its data frame; making them is not timed.",
            "Normal equations in float64 (intelex, Ridge, chol, and gradline's float64) cost about the same number of "
            "operations; least squares by SVD or QR several times more, for more digits. What each keeps of them is in "
            "the tables of digits below; only gradline says it.",
        ],
    )


def parquet(n: int, d: int, rounds: int) -> Row:
    statsmodels, sklearn, polars = "pandas + statsmodels", "pandas + scikit-learn", "polars-ols"
    limit = (
        "decoding the file, which all have to do, takes most of it: see pyarrow's bare read, on all cores and with "
        "nothing summed."
    )
    return Row(
        key="parquet",
        title=f"Parquet file to summary, {n:,} x {d + 1}",
        text="From the path to coefficients, standard errors, t, p and R².",
        work=f"Parquet to summary, {n:,} x {d + 1}",
        prepare=lambda folder: {"path": tables.parquet(folder, n, d)},
        contenders=[
            Contender(GRADLINE, "bench.fits:gradline_file"),
            Contender(EXACT, "bench.fits:gradline_file", {"precision": "exact"}),
            Contender(statsmodels, "bench.fits:pandas_statsmodels"),
            Contender(sklearn, "bench.fits:pandas_sklearn"),
            Contender(polars, "bench.fits:polars_ols_file", {"d": d}),
            Contender('polars-ols, solve_method="chol"', "bench.fits:polars_ols_file", {"d": d, "method": "chol"}),
            Contender(BARE, "bench.fits:pyarrow_read"),
        ],
        ours=[GRADLINE],
        goals=[Goal(GRADLINE, peer, least, limit) for peer, least in ((statsmodels, 15), (sklearn, 10), (polars, 5))],
        rounds=rounds,
        notes=[
            "statsmodels computes the figures named, not its printed summary with its further tests of the residuals.",
            "scikit-learn has no standard errors; they are computed from the residuals and X'X, as its users do.",
        ],
    )


def csv(n: int, d: int, rounds: int) -> Row:
    statsmodels = "pandas + statsmodels"
    limit = "both parse the same text with the same parser; what is left is checking every cell, and the sums."
    parsing = "parsing the text takes most of it: see pyarrow's bare read, on all cores and with nothing summed."
    return Row(
        key="csv",
        title=f"CSV file to summary, {n:,} x {d + 1}",
        text="The same from text with four decimals.",
        work=f"CSV to summary, {n:,} x {d + 1}",
        prepare=lambda folder: {"path": tables.csv(folder, n, d)},
        contenders=[
            Contender(GRADLINE, "bench.fits:gradline_file"),
            Contender(statsmodels, "bench.fits:pandas_statsmodels"),
            Contender(
                'pandas (engine="pyarrow") + statsmodels', "bench.fits:pandas_statsmodels", {"reader": "pyarrow"}
            ),
            Contender("polars-ols", "bench.fits:polars_ols_file", {"d": d}),
            Contender(BARE, "bench.fits:pyarrow_read"),
        ],
        ours=[GRADLINE],
        goals=[Goal(GRADLINE, statsmodels, 4, parsing), Goal(GRADLINE, BARE, 0.8, limit)],
        rounds=rounds,
    )


def epoch(n: int, d: int, rounds: int) -> Row:
    by_hand, nn = 'gradline, engine "numpy"', 'gradline, engine "nn"'
    sgd, loader = "scikit-learn SGDRegressor", "PyTorch DataLoader idiom"
    size, rate = 256, 0.05
    return Row(
        key="epoch",
        title=f"One epoch of mini-batches of {size}, {n:,} x {d}",
        text="Shuffled, float64, at a constant rate. SGDRegressor takes one row a step.",
        work=f"epoch of {size}s, {n:,} x {d}",
        prepare=lambda folder: {"stem": tables.arrays(folder, n, d)},
        contenders=[
            Contender(by_hand, "bench.descents:gradline_epoch", {"engine": "numpy", "batch_size": size, "rate": rate}),
            Contender(nn, "bench.descents:gradline_epoch", {"engine": "nn", "batch_size": size, "rate": rate}),
            Contender(sgd, "bench.descents:sgd_regressor", {"rate": rate / size}),
            Contender(loader, "bench.descents:data_loader", {"batch_size": size, "rate": rate}),
            Contender(
                "bare PyTorch steps, batches at hand", "bench.descents:bare_steps", {"batch_size": size, "rate": rate}
            ),
        ],
        ours=[by_hand, nn],
        goals=[
            Goal(
                by_hand, sgd, 1, "the shuffled copy of the rows, and NumPy's fixed cost of a call, at 256 rows a step."
            ),
            Goal(
                nn,
                loader,
                8,
                "PyTorch's fixed cost of a step, the same for both; only the loading is saved. See the bare steps, for "
                "which nothing is shuffled, loaded or weighed, nor any loss kept.",
            ),
        ],
        rounds=rounds,
        agreement="coefficients differ by",
        notes=[
            "gradline's times include the pass for the statistics that limit the rate and certify the end.",
            "Coefficients differ as the shuffles do. They are given to show that all had about the same descent.",
        ],
    )


def many_columns(n: int, d: int, nonzeros: int | None, rounds: int) -> Row:
    """Sparse with so many `nonzeros` a row, or dense."""
    sparse = nonzeros is not None
    kind = f"sparse, {nonzeros} nonzeros a row" if sparse else "dense"
    return Row(
        key=f"lsqr-{'sparse' if sparse else 'dense'}",
        title=f"Descent over many columns, {n:,} x {d:,}, {kind}",
        text="GradientDescentRegressor as it comes, beside SciPy's iterative solver of the same least squares.",
        work=f"descent, {n:,} x {d:,}",
        prepare=lambda folder: {
            "stem": tables.sparse(folder, n, d, nonzeros) if sparse else tables.arrays(folder, n, d)
        },
        contenders=[
            Contender(GRADLINE, "bench.descents:gradline_wide", {"sparse": sparse}),
            *(
                Contender(
                    f"scipy.sparse.linalg.lsqr, tolerances {tolerance:g}",
                    "bench.descents:lsqr",
                    {"sparse": sparse, "tolerance": tolerance},
                )
                for tolerance in (1e-6, 1e-9)
            ),
        ],
        ours=[GRADLINE],
        goals=(),
        rounds=rounds,
        agreement="fitted values agree to",
        notes=[
            "gradline's time includes the passes that look for the smallest curvature and those that certify the end. "
            "lsqr stops by its own estimate, 1e-6 being its default; it is handed [1, X], which is not timed.",
            "Compared are the fitted values of the hundred rows with the largest |y|: the coefficients themselves "
            + ("are unique here." if n > d else "are not unique, with fewer rows than columns."),
        ],
    )
