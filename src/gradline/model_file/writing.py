"""A fit to a file: one JSON object, a key a line, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import asdict
from typing import Any

from gradline.data.columns.design import kept
from gradline.data.readers.credentials import shown_path
from gradline.data.skipped import Skipped
from gradline.data.written.whole_file import refuse_unwritable, replacing
from gradline.diagnostics.covariance import Robust
from gradline.errors import DataError
from gradline.model_file.saved import SavedModel
from gradline.model_file.schema import KIND, SCHEMA, digest
from gradline.report.summary import refuse_reserved
from gradline.solution import Array, Dependency


def write_model(path: str | os.PathLike[str], model: SavedModel) -> None:
    """Write `model` to `path`, in place of what was there only when it is whole and on the disk.

    Raises
    ------
    DataError
        Where the file cannot be written; what was there stays.
    """
    refuse_reserved(model.columns)
    called = [*(f"the coefficient of {column!r}" for column in model.columns), "the intercept"]
    for what, number in zip(called, [*model.solution.coef.tolist(), model.solution.intercept], strict=True):
        if not math.isfinite(number):
            raise DataError(
                f"{what} is beyond float64, and JSON has no number for it", hint="rescale the column, or the target"
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
        refuse_unwritable(path)
    except OSError as error:
        raise _unwritten(path, error) from None


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
        **({} if model.robust is None else {"robust": _robust(model.robust)}),
        "certificate": {
            "digits": certificate.digits,
            "certain": certificate.certain,
            "rank": certificate.rank,
            "condition_number": _number(certificate.condition_number),
            "precision": certificate.precision,
            "dependencies": [_dependency(relation) for relation in certificate.dependencies],
            **({"beyond": list(certificate.beyond)} if certificate.beyond else {}),
        },
        "moments": json.loads(statistics),
        "provenance": {
            "source": bare_name(model.source),
            "rows": model.moments.rows,
            "rows_dropped": model.rows_dropped,
            "dropped": dict(model.dropped),
            **({"skipped": _skipped(model.skipped)} if model.skipped.count else {}),
            "weight": None if model.weighting is None else asdict(model.weighting),
            "statistics_sha256": hashlib.sha256(statistics.encode()).hexdigest(),
            "gradline": _version(),
        },
    }
    return {**content, "sha256": digest(content)}


def _skipped(files: Skipped) -> dict[str, Any]:
    return {"count": files.count, "names": list(files.names)}


def _robust(robust: Robust) -> dict[str, Any]:
    """What `covariance` alone does not say."""
    return {
        "kind": robust.kind,
        "described": robust.described,
        "df": robust.df,
        "notes": list(robust.notes),
        "root": [_numbers(row) for row in robust.root],
        **({} if robust.lost is None else {"lost": [_numbers(row) for row in robust.lost]}),
    }


def _dependency(relation: Dependency) -> dict[str, Any]:
    """Factors as "3/2": fractions have no other exact form in JSON."""
    factors = relation.factors
    return {
        "column": relation.column,
        "factors": None if factors is None else {str(column): str(factor) for column, factor in factors.items()},
    }


def _numbers(values: Array) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: float) -> float | None:
    """What is not a number, or not finite, is absent."""
    return value if math.isfinite(value) else None


def _version() -> str:
    from gradline import __version__

    return __version__


def _unwritten(path: str | os.PathLike[str], error: OSError) -> DataError:
    return DataError(
        f"the model {shown_path(path)} cannot be written: {error.strerror or error}",
        hint="name a file in a folder that exists, may be written to and has room",
    )
