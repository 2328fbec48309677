"""Fits with their reports, by name: the command line in this process, on tables written for it."""

import functools
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from gradline.cli.app import app
from gradline.errors import CollinearityWarning
from tests.browser import windows

HOSTILE = ("</script><script>document.title='broken'</script>", 'a "quoted" & <b>\'s', "\U0001f600 x\ny")


@dataclass(frozen=True)
class Made:
    """A report, and what the same command printed as JSON."""

    path: Path
    fit: dict

    @property
    def text(self):
        return self.path.read_text(encoding="utf-8")


def fit(*arguments, code=0):
    """`gradline fit ...`; what it printed on stdout."""
    with warnings.catch_warnings(action="ignore", category=CollinearityWarning):  # told on stderr, by `main`
        done = CliRunner().invoke(app, ["fit", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def table(n, p, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.linspace(1.0, 3.0, p) + 2.0
    columns = {f"x{j}": X[:, j] for j in range(p)}
    return columns | {"y": 4.0 + X @ np.linspace(1.5, -1.0, p) + noise * rng.normal(size=n)}


def skewed(n):
    """A bend, a spread that grows, and a row far from all others."""
    rng = np.random.default_rng(5)
    x = rng.uniform(0.0, 10.0, n)
    y = 3.0 + 2.0 * x + 0.4 * (x - 5.0) ** 2 + rng.normal(size=n) * (0.3 + 0.5 * x)
    x[16], y[16] = 25.0, 2.0
    return {"x": x, "y": y}


def weighted(n=60):
    rng = np.random.default_rng(1)
    return table(n, 2, noise=2.0) | {"w": rng.integers(1, 5, n).astype(float)}


def repeated():
    """What `weighted` says as frequencies, each row as often as it was met."""
    columns = weighted()
    times = columns.pop("w").astype(int)
    return {name: np.repeat(values, times) for name, values in columns.items()}


def cities():
    columns = table(120, 2)
    return columns | {"city": np.resize(["Bonn", "Rome", "Oslo", "Rome"], 120)}


def hostile():
    return dict(zip((*HOSTILE, "<img src=x onerror=alert(1)>"), table(40, 3).values(), strict=True))


def prices():
    """Numbers of six digits, row numbers of five, and a target with a long name."""
    columns = table(12_000, 2)
    return columns | {"median_house_value": 1e5 * columns.pop("y")}


def five():
    return {"x": np.array([1.0, 3.0, 10.0, 13.0, 7.0]), "y": np.array([2.0, 6.0, 20.0, 26.0, 14.0])}


UNFINISHED = ("--engine", "numpy", "--learning-rate", "1e-4", "--iterations", "5")
FITS = {  # columns, then options beside the target, which is the last column but for y
    "line": (lambda: skewed(300), ()),
    "columns": (lambda: table(400, 10), ()),
    "in time": (lambda: table(120, 10, noise=5.0), ("--covariance", "newey-west", "--ordered")),
    "few": (lambda: table(12, 2), ()),
    "five": (five, ("--no-intercept",)),
    "no intercept": (lambda: table(50, 2), ("--no-intercept",)),
    "analytic": (weighted, ("--weight", "w")),
    "frequency": (weighted, ("--weight", "w", "--weights", "frequency")),
    "repeated": (repeated, ()),
    "cities": (cities, ()),
    "hostile": (hostile, ()),
    "prices": (prices, ()),
    "short": (lambda: table(1_000, 3), ()),
    "long": (lambda: table(100_000, 3), ()),
    "unfinished": (lambda: table(100, 2), UNFINISHED),
    "descent": (lambda: table(100, 2), ("--engine", "numpy")),
    "huber": (lambda: table(100, 2), ("--engine", "numpy", "--loss", "huber")),
    "held out": (lambda: table(200, 2), ("--engine", "numpy", "--validation-fraction", "0.25", "--tol", "0")),
    "wide": (lambda: table(30, 2100), ("--engine", "numpy")),
    "thousands": (lambda: table(1300, 1050), ("--precision", "float64")),
}


@pytest.fixture(scope="module")
def kept(all_windows):
    """Windows for tests that only ask: opened once, as they stand after the others."""
    with windows(all_windows) as open_page:
        yield functools.cache(open_page)


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Reports by name, made when they are first asked for, in a folder whose name has spaces."""
    folder = tmp_path_factory.mktemp("a folder with spaces")
    made = {}

    def report(name) -> Made:
        if name not in made:
            columns, options = FITS[name][0](), FITS[name][1]
            place = folder / name
            place.mkdir()
            source, path = place / "table.parquet", place / "report.html"
            pa.parquet.write_table(pa.table(columns), source)
            target = "y" if "y" in columns else list(columns)[-1]
            printed = fit(source, "--target", target, "--report", path, "--json", *options)
            made[name] = Made(path, json.loads(printed))
        return made[name]

    return report


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Writes columns as a CSV file; where."""

    def write(columns, name="table.csv"):
        path = tmp_path_factory.mktemp("table") / name
        pa.csv.write_csv(pa.table(columns), path)
        return path

    return write
