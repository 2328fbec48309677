"""The second pass over the rows of a fit: its time beside the fit's own pass, and its memory beside statsmodels'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import tables
from bench.clock import Contender, Failure, measure
from bench.memory import above_import, once
from bench.page import Finding, Section, Table, duration, ratio
from bench.work import Work

FIT, WHOLE, HC3 = "the fit's own pass", "the whole diagnosis", "HC3 alone"
INFLUENCE = "pandas + statsmodels, OLSInfluence and HC3"
GRADLINE = "gradline, the fit and the whole diagnosis"
COLUMNS = 10
AT_MOST = 3.0


@dataclass(frozen=True)
class SecondPass:
    """A Parquet file; statsmodels at the size it may hold as well as at the full one, one run each."""

    quick: bool

    def measured(self, folder: Path, threads: int, say: Callable[[str], None]) -> Section:
        few, many, rounds = (100_000, 400_000, 3) if self.quick else (1_000_000, 10_000_000, 3)
        path = tables.parquet(folder, many, COLUMNS)
        contenders = [
            Contender(FIT, "bench.second_pass:fit", {"path": path}),
            Contender(WHOLE, "bench.second_pass:diagnosis", {"path": path}),
            Contender(HC3, "bench.second_pass:robust", {"path": path, "covariance": "HC3"}),
        ]
        timings = {timing.label: timing for timing in measure(contenders, rounds, threads, say)}
        base = timings[FIT]
        rows = []
        for timing in timings.values():
            say(f"    {timing.label}: {timing.failure or duration(timing.median)}")
            if timing.failure:
                rows.append([timing.label, timing.failure, "", ""])
                continue
            spread = f"{duration(min(timing.seconds))} .. {duration(max(timing.seconds))}"
            rows.append([timing.label, duration(timing.median), spread, ratio(timing.median / base.median)])
        whole = timings[WHOLE]
        known = bool(base.seconds and whole.seconds)
        times = whole.median / base.median
        singles = [b / a for a, b in zip(base.seconds, whole.seconds, strict=True)] if known else []
        what = f"second pass, Parquet, {many:,} x {COLUMNS + 1}"
        finding = Finding(
            what,
            WHOLE,
            FIT,
            f"{ratio(times)} ({ratio(min(singles))} .. {ratio(max(singles))})" if known else "-",
            f"<= {AT_MOST:g}x",
            times <= AT_MOST if known else None,
            "a row is whitened (p^2 / 2 products, as many as its fit takes), and a dozen measures look at it.",
        )
        return Section(
            f"The second pass over a fit's rows, Parquet, {many:,} x {COLUMNS + 1}",
            "Influence with the top rows, quantiles, residuals in bins, five tests, ten folds and a sample: one pass.",
            [
                Table(["", "median", "fastest .. slowest", f"x {FIT}"], rows),
                Table(["", "rows", "peak above import", "time"], self._peaks(folder, (few, many), threads, say)),
            ],
            [finding],
            [
                "Below, fit and second pass together, in fresh processes, one run each. statsmodels is asked for "
                "leverage, internally studentised residuals, Cook's distance and HC3; the rest (its externally "
                "studentised residuals fit once for each row) would add to its time.",
            ],
        )

    def _peaks(self, folder: Path, sizes: tuple[int, ...], threads: int, say: Callable[[str], None]) -> list[list[str]]:
        rows = []
        for label, call in ((GRADLINE, "gradline_peak"), (INFLUENCE, "statsmodels_peak")):
            for n in sizes:
                path = tables.parquet(folder, n, COLUMNS)
                try:
                    reply = once(Contender(label, f"bench.second_pass:{call}", {"path": path}), threads)
                except Failure as failure:
                    say(f"    {label}, {n:,} rows: {failure}")
                    rows.append([label, f"{n:,}", str(failure), ""])
                    continue
                say(f"    {label}, {n:,} rows: {reply['answer']:,.0f} MB")
                rows.append([label, f"{n:,}", f"{reply['answer']:,.0f} MB", duration(reply["seconds"])])
        return rows


def fit(path: str) -> Work:
    from gradline import open_source
    from gradline.moments.precision import gather

    return Work(lambda _: gather(open_source(path, target="y"), fit_intercept=True, precision="auto"))


def diagnosis(path: str) -> Work:
    from gradline import open_source
    from gradline.diagnostics.diagnosis import diagnose
    from gradline.moments.precision import gather

    source = open_source(path, target="y")
    moments, solution = gather(source, fit_intercept=True, precision="auto")
    return Work(lambda _: diagnose(source, moments, solution, fit_intercept=True))


def robust(path: str, covariance: str) -> Work:
    from gradline import open_source
    from gradline.diagnostics.sandwich import robust_covariance
    from gradline.moments.precision import gather

    source = open_source(path, target="y")
    moments, solution = gather(source, fit_intercept=True, precision="auto")
    return Work(lambda _: robust_covariance(source, moments, solution, covariance, fit_intercept=True))


def gradline_peak(path: str) -> Work:
    def run(_: Any) -> None:
        diagnosis(path).run(None)

    return above_import(Work(run))


def statsmodels_peak(path: str) -> Work:
    import pandas as pd
    import statsmodels.api as sm

    def run(_: Any) -> None:
        frame = pd.read_parquet(path)
        fitted = sm.OLS(frame["y"], sm.add_constant(frame.drop(columns="y"))).fit()
        influence = fitted.get_influence()
        influence.hat_matrix_diag  # noqa: B018 - computed when asked for
        influence.resid_studentized_internal  # noqa: B018 - as above
        influence.cooks_distance  # noqa: B018
        fitted.get_robustcov_results("HC3")

    return above_import(Work(run))
