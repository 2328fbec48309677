"""A fit in a file: one JSON object of names and numbers, no code; equal fits give equal files."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Literal, NoReturn

import numpy as np

from gradline.data.columns.design import Design, kept, read_kept
from gradline.data.columns.terms import Column, Terms
from gradline.data.readers.credentials import shown_path
from gradline.data.weighting import Weighting, Weights
from gradline.data.written.whole_file import refuse_place, refuse_special, replacing
from gradline.errors import DataError, MissingExtraError
from gradline.moments.exact import ExactMoments
from gradline.moments.inference import Inference, infer
from gradline.moments.levels import aligned, without_empty_levels
from gradline.moments.moments import Moments
from gradline.moments.polynomial import horner
from gradline.moments.precision import Statistics
from gradline.report.summary import INTERCEPT, Names, Summary, refuse_reserved
from gradline.solution import Array, Certificate, Dependency, Solution, Status

KIND, SCHEMA = "gradline.LinearRegression", 1
LONGEST_SOURCE = 200
STATISTICS: dict[str, type[Statistics]] = {"Moments": Moments, "ExactMoments": ExactMoments}


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """Least squares from sufficient statistics, with all that is needed to report, predict and go on.

    Attributes
    ----------
    features : tuple of str
        Columns of X.
    design : Terms, Formula or None
        How X is made of the columns of a table; None where they are the same numbers.
    named : bool
        False where the rows had no column names, and these are x0, x1, ...
    target, source : str
        The column explained, and what was read.
    rows_dropped : int
    dropped : dict of str to int
        The same by the column whose cell was unusable.
    fit_intercept : bool
    precision : {"auto", "float64", "exact"}
        What was asked for; the certificate says what was taken.
    missing : {"error", "drop"}
    weights : {"analytic", "frequency"}
    polynomial : int
        Degree; above 1 there is one feature, and the coefficients are those of its powers.
    weighting : Weighting or None
        None where rows were not weighted.
    moments : Moments or ExactMoments
    solution : Solution
        Of these moments, with its certificate.
    """

    features: tuple[str, ...]
    design: Design | None
    named: bool
    target: str
    source: str
    rows_dropped: int
    dropped: Mapping[str, int]
    fit_intercept: bool
    precision: str
    missing: Literal["error", "drop"]
    weights: Weights
    weighting: Weighting | None
    polynomial: int
    moments: Statistics
    solution: Solution

    @property
    def columns(self) -> tuple[str, ...]:
        """What each coefficient belongs to: the features, or the powers of one."""
        powers = (f"{self.features[0]}^{k}" for k in range(2, self.polynomial + 1))
        return self.features if self.polynomial == 1 else (self.features[0], *powers)

    @property
    def terms(self) -> tuple[str, ...]:
        """The same with "(Intercept)" first, where there is one."""
        return (INTERCEPT, *self.columns) if self.fit_intercept else self.columns

    @property
    def starts_from(self) -> Design:
        """The columns of a table that a prediction needs, and what becomes of them."""
        return Terms(tuple(map(Column, self.features))) if self.design is None else self.design

    @property
    def certificate(self) -> Certificate:
        """What the exact way vouches for."""
        assert self.solution.certificate is not None
        return self.solution.certificate

    @property
    def statistics_sha256(self) -> str:
        """Equal for the same rows, and in practice for no others."""
        return hashlib.sha256(self.moments.to_json().encode()).hexdigest()

    def summary(self, *, confidence: float = 0.95) -> Summary:
        """The report that the fit gave."""
        notes = () if self.design is None else self.design.notes
        names = Names(
            self.source, self.target, self.columns, self.rows_dropped, dict(self.dropped), notes, self.weighting
        )
        return Summary.of_solution(
            self.moments, self.solution, names, fit_intercept=self.fit_intercept, confidence=confidence
        )

    def inference(self, *, confidence: float = 0.95) -> Inference:
        """Standard errors, covariance, intervals."""
        return infer(self.moments, self.solution, fit_intercept=self.fit_intercept, confidence=confidence)

    def predict(self, X: Array) -> Array:
        """X @ coefficients + intercept, or the polynomial at x; X is (rows, features), the result (rows,)."""
        coef, intercept = self.solution.coef, self.solution.intercept
        predicted: Array = X @ coef + intercept if self.polynomial == 1 else horner(X[:, 0], coef, intercept)
        return predicted

    def powers(self, X: Array) -> Array:
        """A column for each coefficient."""
        return X if self.polynomial == 1 else X ** np.arange(1, self.polynomial + 1)


def merged(a: SavedModel, b: SavedModel) -> SavedModel:
    """The fit to the rows of both, exactly: the same bits in any order.

    Raises
    ------
    DataError
        Where they are of other columns, differ in what they fit, or keep float64 statistics.
    """
    ours, theirs, design = _on_the_same_columns(a, b)
    dropped = {name: a.dropped.get(name, 0) + b.dropped.get(name, 0) for name in (*a.dropped, *b.dropped)}
    weighting = a.weighting
    if weighting and b.weighting:
        weighting = replace(weighting, zero_rows=weighting.zero_rows + b.weighting.zero_rows)
    model = replace(
        a, design=design, rows_dropped=a.rows_dropped + b.rows_dropped, dropped=dropped, weighting=weighting
    )
    return _refitted(model, ours + theirs, f"{a.source} + {b.source}")


def subtracted(whole: SavedModel, part: SavedModel) -> SavedModel:
    """The fit to the rows of `whole` that are not in `part`: to the bit that of a model which never saw them.

    Raises
    ------
    DataError
        As for `merged`; also where these rows were never in it, or none are left.
    """
    ours, theirs, design = _on_the_same_columns(whole, part)
    left = ours - theirs
    if left.rows == 0:
        raise DataError(
            f"no rows are left of {whole.source} without {part.source}",
            hint="subtract a model of some of its rows",
        )
    if isinstance(design, Terms):
        left, design = without_empty_levels(left, design)
    dropped = {name: count - part.dropped.get(name, 0) for name, count in whole.dropped.items()}
    weighting = whole.weighting
    if weighting and part.weighting:
        weighting = replace(weighting, zero_rows=max(0, weighting.zero_rows - part.weighting.zero_rows))
    model = replace(
        whole,
        design=design,
        rows_dropped=max(0, whole.rows_dropped - part.rows_dropped),
        weighting=weighting,
        dropped={name: count for name, count in dropped.items() if count > 0},
    )
    return _refitted(model, left, f"{whole.source} without {part.source}")


def write_model(path: str | os.PathLike[str], model: SavedModel) -> None:
    """Write `model` to `path`, in place of what was there only when it is whole and on the disk.

    Raises
    ------
    DataError
        Where the file cannot be written; what was there stays.
    """
    refuse_reserved(model.columns)
    for term, coefficient in zip(model.columns, model.solution.coef, strict=True):
        if not math.isfinite(coefficient):
            raise DataError(
                f"the coefficient of {term!r} is beyond float64, and JSON has no number for it",
                hint="rescale the column, or the target",
            )
    check_place(path)
    content = _content(model)
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
    try:
        with replacing(path) as file:
            # No line end: a file that lacks its last byte shall not pass for a whole one.
            file.write(f"{{{f',{chr(10)} '.join(lines)}}}".encode("ascii"))
    except OSError as error:
        raise _unwritten(path, error) from None


def check_place(path: str | os.PathLike[str]) -> None:
    """Refuse what can be no model file before the work is done: DataError."""
    try:
        refuse_place(path)
        # Only a file can tell: rights, read-only disks and root are a matter of the system.
        with tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(path))):
            pass
    except OSError as error:
        raise _unwritten(path, error) from None


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read what `write_model` wrote, to the bit.

    Raises
    ------
    DataError
        Where the file is not there, is no model, damaged, or of a newer schema.
    """
    name = shown_path(path)
    try:
        refuse_special(path)
        with open(path, "rb") as file:
            text = file.read().decode("utf-8", "replace")
    except OSError as error:
        raise DataError(
            f"the model {name} cannot be read: {error.strerror or error}",
            hint="gradline fit SOURCE --target y --save FILE writes one",
        ) from None
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if f'"{KIND}"' in text[:200]:
            why = str(error) if isinstance(error, NotFinite) else "the end is missing or something in it has changed"
            raise _damaged(name, why) from None
        raise _foreign(name, "it is not JSON" if text.strip() else "it is empty") from None
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind != KIND:
        raise _foreign(name, f"its kind is {_short(kind)}, expected '{KIND}'")
    schema = content.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise DataError(
            f"the model {name} has schema version {schema}, expected at most {SCHEMA}",
            hint="a newer gradline wrote it: use that one, or fit again with this one",
        )
    try:
        if schema != SCHEMA:
            raise Unfit(f"its schema version is {_short(schema)}, expected {SCHEMA}")
        model = _model(content)
        # Last, so that what can be named is named.
        if content.get("sha256") != _digest({key: value for key, value in content.items() if key != "sha256"}):
            raise Unfit("its content does not fit its checksum")
    except DataError as error:
        raise _damaged(name, error.message) from None
    except Unfit as error:
        raise _damaged(name, str(error)) from None
    except RecursionError:
        raise _damaged(name, "it is nested too deeply") from None
    return model


def _on_the_same_columns(a: SavedModel, b: SavedModel) -> tuple[ExactMoments, ExactMoments, Design | None]:
    """The statistics of two models, once levels that only one of them met are known to both."""
    for what, ours, theirs in (
        ("features", list(a.starts_from.raw), list(b.starts_from.raw)),
        ("target", a.target, b.target),
        ("fit_intercept", a.fit_intercept, b.fit_intercept),
        ("polynomial", a.polynomial, b.polynomial),
        ("weight", a.weighting and a.weighting.column, b.weighting and b.weighting.column),
        ("weights", a.weighting and a.weighting.kind, b.weighting and b.weighting.kind),
    ):
        if ours != theirs:
            raise DataError(
                f"the models of {a.source} and {b.source} do not go together: {what} is {_short(ours)} in one, "
                f"{_short(theirs)} in the other",
                hint="fit both to the same columns, in the same order, with the same options",
            )
    if isinstance(a.moments, ExactMoments) and isinstance(b.moments, ExactMoments):
        return aligned(a.moments, a.design, b.moments, b.design)
    rounded = b if isinstance(a.moments, ExactMoments) else a
    raise DataError(
        f"the model of {rounded.source} keeps float64 sums, which add up only to rounding; expected exact ones",
        hint="fit it with precision='exact'",
    )


def _refitted(like: SavedModel, moments: ExactMoments, source: str) -> SavedModel:
    return replace(
        like,
        features=like.features if like.design is None else like.design.names,
        source=source if len(source) <= LONGEST_SOURCE else f"{moments.rows:,} rows of many models",
        precision="exact",
        moments=moments,
        solution=moments.solve(fit_intercept=like.fit_intercept),
    )


class Unfit(Exception):  # noqa: N818 - passed to `read_model`, which knows the name of the file
    """A part of a model file that cannot be what was written."""


class NotFinite(ValueError):  # noqa: N818 - passed to `read_model`, which knows the name of the file
    """NaN or Infinity where JSON has a number."""


def _content(model: SavedModel) -> dict[str, Any]:
    certificate, inference = model.certificate, model.inference()
    statistics = model.moments.to_json()
    content = {
        "kind": KIND,
        "schema": SCHEMA,
        "target": model.target,
        "features": list(model.features),
        "design": None if model.design is None else kept(model.design),
        "named": model.named,
        "fit_intercept": model.fit_intercept,
        "precision": model.precision,
        "missing": model.missing,
        "weights": model.weights,
        "polynomial": model.polynomial,
        "terms": list(model.terms),
        "coefficients": _numbers(inference.coefficients),
        "standard_errors": _numbers(inference.standard_error),
        "covariance": [_numbers(row) for row in inference.covariance],
        "certificate": {
            "digits": certificate.digits,
            "certain": certificate.certain,
            "rank": certificate.rank,
            "condition_number": _number(certificate.condition_number),
            "precision": certificate.precision,
            "dependencies": [_dependency(relation) for relation in certificate.dependencies],
        },
        "moments": json.loads(statistics),
        "provenance": {
            "source": bare_name(model.source),
            "rows": model.moments.rows,
            "rows_dropped": model.rows_dropped,
            "dropped": dict(model.dropped),
            "weight": None if model.weighting is None else asdict(model.weighting),
            "statistics_sha256": hashlib.sha256(statistics.encode()).hexdigest(),
            "gradline": _version(),
        },
    }
    return {**content, "sha256": _digest(content)}


def bare_name(source: str) -> str:
    """What was read, without the folders, hosts, credentials and queries it may have been named with.

    Examples
    --------
    >>> bare_name("/home/me/houses.csv"), bare_name("postgresql://me:secret@host/sales?sslmode=require")
    ('houses.csv', 'sales')
    """
    if "://" in source:
        source = re.split(r"[?#]", source)[0].rstrip("/").partition("://")[2]
        source = source.rpartition("@")[2]
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1] or "a source"


def _model(content: Mapping[str, Any]) -> SavedModel:
    features = tuple(_each(content, "features", str))
    polynomial = _of(content, "polynomial", int)
    fit_intercept = _of(content, "fit_intercept", bool)
    if not features or polynomial < 1 or (polynomial > 1 and len(features) != 1):
        raise Unfit(f"{len(features)} features and the degree {polynomial} do not go together")
    columns = len(features) if polynomial == 1 else polynomial
    state = _of(content, "moments", dict)
    kind = state.get("kind")
    if kind not in STATISTICS:
        raise Unfit(f"the kind of its moments is {_short(kind)}, expected 'Moments' or 'ExactMoments'")
    if state.get("features") != columns:
        raise Unfit(f"its moments are of {_short(state.get('features'))} features, expected {columns}")
    moments = STATISTICS[kind].from_json(json.dumps(state))
    if moments.rows == 0:
        raise Unfit("its moments are of no rows")

    coefficients = _floats(content, "coefficients", columns + fit_intercept)
    proof = _of(content, "certificate", dict)
    condition = proof.get("condition_number")
    certificate = Certificate(
        digits=_float(proof.get("digits"), "digits"),
        certain=_of(proof, "certain", bool),
        rank=_of(proof, "rank", int),
        condition_number=math.inf if condition is None else _float(condition, "condition_number"),
        dependencies=tuple(_relation(entry, columns) for entry in _each(proof, "dependencies", dict)),
        precision=_one_of(proof, "precision", "float64", "exact"),
    )
    provenance = _of(content, "provenance", dict)
    missing: Literal["error", "drop"] = "drop" if _one_of(content, "missing", "error", "drop") == "drop" else "error"
    weights: Weights = (
        "frequency" if _one_of(content, "weights", "analytic", "frequency") == "frequency" else "analytic"
    )
    model = SavedModel(
        features=features,
        design=_design(content, features),
        named=_of(content, "named", bool),
        target=_of(content, "target", str),
        source=_of(provenance, "source", str),
        rows_dropped=_of(provenance, "rows_dropped", int),
        dropped=_counts(_of(provenance, "dropped", dict)),
        fit_intercept=fit_intercept,
        precision=_one_of(content, "precision", "auto", "float64", "exact"),
        missing=missing,
        weights=weights,
        weighting=_weighting(provenance.get("weight")),
        polynomial=polynomial,
        moments=moments,
        solution=Solution(
            coef=coefficients[int(fit_intercept) :],
            intercept=float(coefficients[0]) if fit_intercept else 0.0,
            status=Status.SOLVED,
            certificate=certificate,
        ),
    )
    if tuple(_each(content, "terms", str)) != model.terms:
        raise Unfit("its terms are not those of its features")
    return model


def _design(content: Mapping[str, Any], features: tuple[str, ...]) -> Design | None:
    if content.get("design") is None:
        return None
    try:
        design = read_kept(_of(content, "design", dict))
        if design.names != features:
            raise ValueError("its columns are others")
    except MissingExtraError:
        raise
    except DataError as error:
        raise Unfit(error.message) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unfit(f"its design does not make its features: {error}") from None
    return design


def _weighting(entry: Any) -> Weighting | None:
    if entry is None:
        return None
    if type(entry) is not dict:
        raise Unfit(f"'weight' is {_short(entry)}, expected an object")
    kind: Weights = "frequency" if _one_of(entry, "kind", "analytic", "frequency") == "frequency" else "analytic"
    return Weighting(_of(entry, "column", str), kind, _of(entry, "zero_rows", int))


def _counts(entry: Mapping[str, Any]) -> dict[str, int]:
    return {name: _of(entry, name, int) for name in entry}


def _dependency(relation: Dependency) -> dict[str, Any]:
    """Factors as "3/2": fractions have no other exact form in JSON."""
    factors = relation.factors
    return {
        "column": relation.column,
        "factors": None if factors is None else {str(column): str(factor) for column, factor in factors.items()},
    }


def _relation(entry: Mapping[str, Any], columns: int) -> Dependency:
    column, factors = _of(entry, "column", int), entry.get("factors")
    try:
        known = None if factors is None else {int(key): Fraction(value) for key, value in factors.items()}
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        raise Unfit(f"the factors of a dependency are {_short(factors)}") from None
    if not all(0 <= index < columns for index in (column, *(known or ()))):
        raise Unfit(f"a dependency is of a column beyond {columns}")
    return Dependency(column, known)


def _of(content: Mapping[str, Any], key: str, kind: type[Any]) -> Any:
    value: Any = content.get(key)
    if type(value) is not kind:
        raise Unfit(f"'{key}' is {_short(value)}, expected {_WANTED[kind]}")
    if kind is int and value < 0:
        raise Unfit(f"'{key}' is {value}, expected a count")
    return value


def _each(content: Mapping[str, Any], key: str, kind: type[Any]) -> list[Any]:
    values: list[Any] = _of(content, key, list)
    for value in values:
        if type(value) is not kind:
            raise Unfit(f"'{key}' holds {_short(value)}, expected {_WANTED[kind]}")
    return values


def _one_of(content: Mapping[str, Any], key: str, *choices: str) -> str:
    value = content.get(key)
    if value not in choices:
        raise Unfit(f"'{key}' is {_short(value)}, expected one of {', '.join(choices)}")
    return str(value)


def _floats(content: Mapping[str, Any], key: str, length: int) -> Array:
    values: list[Any] = _of(content, key, list)
    if len(values) != length:
        raise Unfit(f"'{key}' has {len(values)} numbers, expected {length}")
    return np.array([_float(value, key) for value in values])


def _float(value: Any, key: str) -> float:
    try:
        if type(value) in (int, float) and math.isfinite(number := float(value)):
            return number
    except OverflowError:
        pass
    raise Unfit(f"'{key}' holds {_short(value)}, expected a finite number")


def _numbers(values: Array) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    """What is not a number, or not finite, is absent."""
    return value if math.isfinite(value) else None


_WANTED = {str: "text", int: "a count", bool: "true or false", dict: "an object", list: "a list"}


def _refuse_constant(constant: str) -> NoReturn:
    raise NotFinite(f"it holds {constant} where a number belongs")


def _digest(content: Mapping[str, Any]) -> str:
    """Of what it says, however it is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _version() -> str:
    from gradline import __version__

    return __version__


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _unwritten(path: str | os.PathLike[str], error: OSError) -> DataError:
    return DataError(
        f"the model {shown_path(path)} cannot be written: {error.strerror or error}",
        hint="name a file in a folder that exists, may be written to and has room",
    )


def _foreign(name: str, why: str) -> DataError:
    return DataError(f"{name} is no model of gradline: {why}", hint="name a file that fit --save or .save() wrote")


def _damaged(name: str, why: str) -> DataError:
    return DataError(f"the model {name} is damaged: {why}", hint="take it from a backup, or fit again")
