"""`fit --save`: where the model goes, and what of an exact fit it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradline.cli.places import refuse_to_overwrite

if TYPE_CHECKING:
    from gradline.data.source import Source
    from gradline.diagnostics.covariance import Robust
    from gradline.moments.precision import Statistics
    from gradline.solution import Solution


def check(path: str | None, source: str) -> None:
    """Refuse a place for a model file before an hour is spent on the fit."""
    if path is not None:
        from gradline.model_file import check_place

        refuse_to_overwrite(path, source, "--save")
        check_place(path)


def save(
    path: str,
    table: Source,
    moments: Statistics,
    solution: Solution,
    *,
    fit_intercept: bool,
    precision: str,
    robust: Robust | None = None,
) -> None:
    """What `fit --save` does with an exact fit to `table`."""
    from gradline.data.columns.design import design_of
    from gradline.data.skipped import NONE
    from gradline.model_file import SavedModel, write_model

    model = SavedModel(
        features=tuple(table.feature_names),
        design=design_of(table),
        named=True,
        target=table.target_name,
        source=table.name,
        rows_dropped=table.rows_dropped,
        dropped=dict(getattr(table, "dropped", {})),
        fit_intercept=fit_intercept,
        precision=precision,
        missing="drop" if getattr(table, "missing", "error") == "drop" else "error",
        weighting=getattr(table, "weighting", None),
        skipped=getattr(table, "skipped", NONE),
        weights="frequency" if getattr(table, "frequencies", False) else "analytic",
        polynomial=1,
        moments=moments,
        solution=solution,
        robust=robust,
    )
    write_model(path, model)
