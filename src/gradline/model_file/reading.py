"""A file to a fit, to the bit; what is wrong with a file is named, and nothing in it is run."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from gradline.data.cells import short
from gradline.data.columns.design import Design, read_kept
from gradline.data.readers.credentials import shown_path
from gradline.data.skipped import NONE, Skipped
from gradline.data.weighting import Weighting, Weights
from gradline.data.written.whole_file import refuse_special
from gradline.diagnostics.covariance import HETEROSKEDASTIC, Robust
from gradline.errors import DataError
from gradline.model_file.saved import SavedModel
from gradline.model_file.schema import (
    KIND,
    SCHEMA,
    NotFinite,
    Unfit,
    digest,
    each_of_kind,
    finite,
    floats,
    of_kind,
    one_of,
    refuse_constant,
)
from gradline.moments.exact import ExactMoments
from gradline.moments.moments import Moments
from gradline.moments.precision import Statistics
from gradline.solution import Array, Certificate, Dependency, Solution, Status

STATISTICS: dict[str, type[Statistics]] = {"Moments": Moments, "ExactMoments": ExactMoments}


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read what `write_model` wrote, to the bit.

    Raises
    ------
    DataError
        Where the file is not there, is no model, damaged, or of a newer schema.
    """
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"{path!r} is of type {type(path).__name__}, expected the path of a model file")
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
        content = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        if f'"{KIND}"' in text[:200]:
            why = str(error) if isinstance(error, NotFinite) else "the end is missing or something in it has changed"
            raise _damaged(name, why) from None
        raise _foreign(name, "it is not JSON" if text.strip() else "it is empty") from None
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind != KIND:
        raise _foreign(name, f"its kind is {short(kind)}, expected '{KIND}'")
    schema = content.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise DataError(
            f"the model {name} has schema version {short(schema)}, expected at most {SCHEMA}",
            hint="a newer gradline wrote it: use that one, or fit again with this one",
        )
    try:
        if schema != SCHEMA:
            raise Unfit(f"its schema version is {short(schema)}, expected {SCHEMA}")
        model = _model(content)
        # Last, so that what can be named is named.
        if content.get("sha256") != digest({key: value for key, value in content.items() if key != "sha256"}):
            raise Unfit("its content does not fit its checksum")
    except DataError as error:
        raise _damaged(name, error.message) from None
    except Unfit as error:
        raise _damaged(name, str(error)) from None
    except RecursionError:
        raise _damaged(name, "it is nested too deeply") from None
    return model


def _model(content: Mapping[str, Any]) -> SavedModel:
    features = tuple(each_of_kind(content, "features", str))
    polynomial = of_kind(content, "polynomial", int)
    fit_intercept = of_kind(content, "fit_intercept", bool)
    if polynomial < 1 or (polynomial > 1 and len(features) != 1):
        raise Unfit(f"{len(features)} features and the degree {short(polynomial)} do not go together")
    columns = len(features) if polynomial == 1 else polynomial
    state = of_kind(content, "moments", dict)
    kind = state.get("kind")
    if type(kind) is not str or kind not in STATISTICS:
        raise Unfit(f"the kind of its moments is {short(kind)}, expected 'Moments' or 'ExactMoments'")
    if state.get("features") != columns:
        raise Unfit(f"its moments are of {short(state.get('features'))} features, expected {short(columns)}")
    moments = STATISTICS[kind].from_json(json.dumps(state))
    if moments.rows == 0:
        raise Unfit("its moments are of no rows")

    coefficients = floats(content, "coefficients", columns + fit_intercept)
    proof = of_kind(content, "certificate", dict)
    condition = proof.get("condition_number")
    certificate = Certificate(
        digits=finite(proof.get("digits"), "digits"),
        certain=of_kind(proof, "certain", bool),
        rank=of_kind(proof, "rank", int),
        condition_number=math.inf if condition is None else finite(condition, "condition_number"),
        dependencies=tuple(_relation(entry, columns) for entry in each_of_kind(proof, "dependencies", dict)),
        precision=one_of(proof, "precision", "float64", "exact"),
        beyond=_beyond(proof, columns),
    )
    provenance = of_kind(content, "provenance", dict)
    missing: Literal["error", "drop"] = "drop" if one_of(content, "missing", "error", "drop") == "drop" else "error"
    weights: Weights = "frequency" if one_of(content, "weights", "analytic", "frequency") == "frequency" else "analytic"
    model = SavedModel(
        features=features,
        design=_design(content, features),
        named=of_kind(content, "named", bool),
        target=of_kind(content, "target", str),
        source=of_kind(provenance, "source", str),
        rows_dropped=of_kind(provenance, "rows_dropped", int),
        dropped=_counts(of_kind(provenance, "dropped", dict)),
        fit_intercept=fit_intercept,
        precision=one_of(content, "precision", "auto", "float64", "exact"),
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
        robust=_robust(content, columns + fit_intercept),
        skipped=_skipped(provenance),
    )
    if tuple(each_of_kind(content, "terms", str)) != model.terms:
        raise Unfit("its terms are not those of its features")
    return model


def _beyond(proof: Mapping[str, Any], columns: int) -> tuple[int | None, ...]:
    beyond = of_kind(proof, "beyond", list) if "beyond" in proof else []
    if any(column is not None and (type(column) is not int or not 0 <= column < columns) for column in beyond):
        raise Unfit(f"'beyond' is {short(beyond)}, expected columns")
    return tuple(beyond)


def _skipped(provenance: Mapping[str, Any]) -> Skipped:
    if "skipped" not in provenance:
        return NONE
    files = of_kind(provenance, "skipped", dict)
    return Skipped(of_kind(files, "count", int), tuple(each_of_kind(files, "names", str)))


def _robust(content: Mapping[str, Any], terms: int) -> Robust | None:
    if content.get("robust") is None:
        return None
    entry = of_kind(content, "robust", dict)
    kind = one_of(entry, "kind", *HETEROSKEDASTIC, "cluster", "newey-west")
    return Robust(
        kind=kind,
        described=of_kind(entry, "described", str),
        covariance=_matrix(content, "covariance", terms, terms),
        df=of_kind(entry, "df", int),
        notes=tuple(each_of_kind(entry, "notes", str)),
        root=_matrix(entry, "root", terms),
        lost=_matrix(entry, "lost", terms) if "lost" in entry else None,
    )


def _matrix(content: Mapping[str, Any], key: str, rows: int, columns: int | None = None) -> Array:
    """A matrix; what is absent is NaN. Without a number of columns, as many as its first row has."""
    found = each_of_kind(content, key, list)
    wide = (len(found[0]) if found else 0) if columns is None else columns
    if len(found) != rows or not wide or any(len(row) != wide for row in found):
        raise Unfit(f"'{key}' is not {rows} by {columns or 'some columns'}")
    return np.array([[math.nan if value is None else finite(value, key) for value in row] for row in found])


def _design(content: Mapping[str, Any], features: tuple[str, ...]) -> Design | None:
    if content.get("design") is None:
        return None
    try:
        design = read_kept(of_kind(content, "design", dict))
        if design.names != features:
            raise ValueError("its columns are others")
    except DataError as error:
        raise Unfit(error.message) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unfit(f"its design does not make its features: {error}") from None
    return design


def _weighting(entry: Any) -> Weighting | None:
    if entry is None:
        return None
    if type(entry) is not dict:
        raise Unfit(f"'weight' is {short(entry)}, expected an object")
    kind: Weights = "frequency" if one_of(entry, "kind", "analytic", "frequency") == "frequency" else "analytic"
    return Weighting(of_kind(entry, "column", str), kind, of_kind(entry, "zero_rows", int))


def _counts(entry: Mapping[str, Any]) -> dict[str, int]:
    return {name: of_kind(entry, name, int) for name in entry}


def _fraction(text: str) -> Fraction:
    if not re.fullmatch("-?[0-9]+(/[0-9]+)?", text):  # "1e999999999" would be one, and never come to an end
        raise ValueError
    return Fraction(text)


def _relation(entry: Mapping[str, Any], columns: int) -> Dependency:
    column, factors = of_kind(entry, "column", int), entry.get("factors")
    try:
        known = None if factors is None else {int(key): _fraction(value) for key, value in factors.items()}
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        raise Unfit(f"the factors of a dependency are {short(factors)}") from None
    if not all(0 <= index < columns for index in (column, *(known or ()))):
        raise Unfit(f"a dependency is of a column beyond {columns}")
    return Dependency(column, known)


def _foreign(name: str, why: str) -> DataError:
    return DataError(f"{name} is no model of gradline: {why}", hint="name a file that fit --save or .save() wrote")


def _damaged(name: str, why: str) -> DataError:
    return DataError(f"the model {name} is damaged: {why}", hint="take it from a backup, or fit again")
