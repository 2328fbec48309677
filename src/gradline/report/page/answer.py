"""The answer in words: the line in column names, how far off it is on rows it has not seen, and what it explains."""

from __future__ import annotations

import math

import numpy as np

from gradline.data.visible import escaped
from gradline.report.figures import MINUS, digits_beside
from gradline.report.one_line import shortened
from gradline.report.page.coefficients import by_strength
from gradline.report.page.markup import NO_NUMBER, TIMES, figure, named, paragraphs, tag
from gradline.report.page.reading import Reading
from gradline.report.sentences import counted
from gradline.report.summary import INTERCEPT, NEAR

IN_THE_EQUATION = 6  # terms of a sum that are still read


def title(reading: Reading) -> str:
    """What was explained by what."""
    features = reading.features
    by = shortened(features[0]) if len(features) == 1 else counted(len(features), "column")
    return f"{shortened(reading.target)} by {by}"


def section(reading: Reading) -> str:
    """The equation, then three figures: rows, error beside a baseline, share explained."""
    tiles = [_rows(reading), _held_out(reading), _explained(reading)]
    return equation(reading) + tag("div", *(tile for tile in tiles if tile), class_="tiles")


def equation(reading: Reading) -> str:
    """The line in column names; of many terms the strongest."""
    places = [k for k in by_strength(reading) if reading.terms[k] != INTERCEPT and not _aliased(reading, k)]
    shown, left = sorted(places[:IN_THE_EQUATION]), len(places) - IN_THE_EQUATION
    constant = [figure(float(reading.coef[0]), _digits(reading, 0))] if reading.intercept else []
    parts = [tag("span", escaped(part), class_="term") for part in constant]
    for k in shown:
        slope = float(reading.coef[k])
        sign = (f"{MINUS} " if slope < 0 else "+ ") if parts else (MINUS if slope < 0 else "")
        times = tag("span", f" {TIMES} ", class_="times")
        parts.append(
            tag(
                "span",
                escaped(sign + figure(abs(slope), _digits(reading, k))),
                times,
                named(reading.terms[k], "b"),
                class_="term",
            )
        )
    if left > 0:
        parts.append(tag("span", escaped(f"+ {counted(left, 'more term')}"), class_="term more"))
    sum_ = " ".join(parts) or tag("span", "0", class_="term")
    return tag("p", tag("span", named(reading.target, "b", class_="target"), " =", class_="term"), " ", sum_,
               class_="equation unfinished" if reading.unfinished else "equation")  # fmt: skip


def _digits(reading: Reading, k: int) -> int:
    """As many as keep the line where it is: what is rounded off moves no row by a hundredth of the residual sd."""
    if reading.least_step is None:
        return 4
    return digits_beside(float(reading.coef[k]), float(reading.least_step[k]))


def _aliased(reading: Reading, k: int) -> bool:
    """Has a dependent column's coefficient been set to 0?"""
    return reading.inference is not None and bool(np.isnan(reading.inference.standard_error[k])) and not reading.coef[k]


def _tile(name: str, value: str, *sentences: str, picture: str = "") -> str:
    shown = tag("p", escaped(value), class_="value")
    return tag("div", tag("h3", escaped(name)), shown, picture, paragraphs(*sentences), class_="tile")


def _rows(reading: Reading) -> str:
    read = f"Of {shortened(reading.source)}."
    dropped = f"{counted(reading.rows_dropped, 'row')} left out: see Rows." if reading.rows_dropped else ""
    files = f"{counted(reading.skipped.count, 'file')} left out: see Rows." if reading.skipped.count else ""
    weight = reading.weighting
    weighted = f"Weighted by {shortened(weight.column)}, {_kind(weight.kind)}." if weight else ""
    few = ""
    if reading.inference is not None and reading.inference.df_residual <= 0:
        few = "As many coefficients as rows: nothing is left to judge them by."
    return _tile("Rows", f"{reading.rows:,}", read, dropped, files, weighted, few)


def _kind(kind: str) -> str:
    return "each the number of equal rows" if kind == "frequency" else "each the precision of its row"


def _held_out(reading: Reading) -> str:
    found = reading.diagnosis and reading.diagnosis.folds
    if not found or not math.isfinite(found.rmse) or reading.unfinished:
        return ""
    target = shortened(reading.target)
    baseline = found.baseline_rmse
    less = ""
    if baseline > 0 and math.isfinite(baseline):
        share = 1.0 - found.rmse / baseline
        less = (
            f"{figure(100 * share, 3)}% less than always predicting the mean."
            if share > 0
            else "No better than always predicting the mean."
        )
    picture = _two_bars(found.rmse, baseline) if baseline > 0 else ""
    how = (
        f"Typical error (root mean square), in units of {target}, on held-out rows: {found.described}. Rows in the "
        "order of time leak from fold to fold."
    )
    return _tile("Off by, on rows it has not seen", figure(found.rmse), less, how, picture=picture)


def _two_bars(ours: float, baseline: float) -> str:
    """The error beside that of the mean: one length each."""
    largest = max(ours, baseline)
    rows = (("this line", ours, ""), ("the mean", baseline, "theirs"))
    return tag(
        "div",
        *(
            tag(
                "div",
                tag("span", escaped(name)),
                tag("i", style=f"width:{50 * value / largest:.1f}%", **({"class_": kind} if kind else {})),
                tag("span", escaped(figure(value, 3))),
            )
            for name, value, kind in rows
        ),
        class_="bars",
    )


def _explained(reading: Reading) -> str:
    found = reading.inference
    if found is None:
        return _tile("Explained", "unknown", "R² needs sums over all pairs of features, which were not kept.")
    if reading.near_as_asked:
        return _tile("Explained", NO_NUMBER, f"R² is told within {NEAR:g} standard errors of the answer.")
    if reading.unfinished:
        return _tile("Explained", "unfinished", "No R² for coefficients that are not the answer.")
    if reading.another_loss and not found.exact_fit:
        assert reading.way is not None
        return _tile(f"Mean {reading.way.loss_name} loss", figure(reading.way.loss), "R² belongs to squares.")
    if found.exact_fit:
        return _tile("Explained", "all", "The data lie on the line; tests are meaningless.")
    if math.isnan(found.r2):
        return _tile("Explained", NO_NUMBER, f"{shortened(reading.target)} is the same in every row.")
    about = reading.about_mean
    r2 = found.r2 if about is None else about.r2
    share = f"{100 * r2:.1f}%" if r2 < 0.999 else f"{100 * r2:.6g}%"
    if about is not None:
        meaning = (
            f"Of the variation of {shortened(reading.target)} about its mean (R² {r2:.4f}), as the columns add up to a "
            f"constant. About zero R² is {found.r2:.4f}."
        )
    elif found.r2_kind == "centred":
        meaning = f"Of the variation of {shortened(reading.target)} about its mean (R² {found.r2:.4f}, adjusted " \
            f"{found.adjusted_r2:.4f})."  # fmt: skip
    else:
        meaning = (
            f"Of the sum of squares about zero, as there is no intercept (R² {found.r2:.4f}): not to be compared with "
            "an R² about the mean."
        )
    return _tile("Explained", share, meaning)
