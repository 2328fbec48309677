"""Statistics when levels come and go. The oracle: sums over rows laid out by hand with the levels known, to the bit."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradline import DataError, ExactMoments, Moments
from gradline.data.columns.formula import Formula
from gradline.data.columns.kinds import Kind
from gradline.data.columns.terms import Column, Terms
from gradline.moments.levels import aligned, recoded, united, without_empty_levels

NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False)


def terms(levels, *, reference=None, shades=None):
    columns = [Column("x"), Column("c", Kind.TEXT, is_category=True, levels=tuple(levels), asked_reference=reference)]
    if shades is not None:
        columns.append(Column("s", Kind.TEXT, is_category=True, levels=tuple(shades)))
    return Terms(tuple(columns))


def moments(rows, design, kind=ExactMoments):
    """Of rows (x, level, shade, y, weight) as `design` has them."""
    columns = []
    for column in design.columns:
        cells = [row[{"x": 0, "c": 1, "s": 2}[column.name]] for row in rows]
        columns += [[c == level for c in cells] for level in column.other_levels] if column.is_category else [cells]
    X = np.array(columns, dtype=float).T.reshape(len(rows), -1)
    return kind.of(X, np.array([row[3] for row in rows]), np.array([float(row[4]) for row in rows]))


ROW = st.tuples(NUMBERS, st.sampled_from("abcde"), st.sampled_from("pqr"), NUMBERS, st.integers(1, 4))
ROWS = st.lists(ROW, min_size=1, max_size=12)


def design_of(rows):
    return terms(sorted({row[1] for row in rows}), shades=sorted({row[2] for row in rows}))


@given(ROWS, ROWS)
@settings(deadline=None)
def test_merged_statistics_are_those_of_all_rows(january, february):
    a, b = design_of(january), design_of(february)
    ours, theirs, both = aligned(moments(january, a), a, moments(february, b), b)
    assert both == design_of(january + february)
    assert ours + theirs == moments(january + february, both)


@given(ROWS, ROWS)
@settings(deadline=None)
def test_subtracted_statistics_are_those_of_a_model_that_never_saw_the_rows(january, february):
    whole, part = design_of(january + february), design_of(january)
    ours, theirs, both = aligned(moments(january + february, whole), whole, moments(january, part), part)
    left, design = without_empty_levels(ours - theirs, both)
    assert design == design_of(february)
    assert left == moments(february, design)


@given(ROWS, st.sampled_from("abcde"), st.sampled_from("abcde"))
@settings(deadline=None)
def test_the_reference_moves_to_the_bit(rows, old, new):
    levels = sorted({row[1] for row in rows})
    assume(old in levels and new in levels)
    before, after = terms(levels, reference=old), terms(levels, reference=new)
    assert recoded(moments(rows, before), before, after) == moments(rows, after)


@given(ROWS)
@settings(deadline=None)
def test_levels_no_row_has_are_columns_of_zeros_and_can_be_forgotten(rows):
    own = design_of(rows)
    more = terms("abcdef", shades="opqr")
    wider = recoded(moments(rows, own), own, more)
    assert wider == moments(rows, more)
    assert without_empty_levels(wider, more) == (moments(rows, own), own)


def test_weights_far_apart_do_not_empty_a_level():
    rows = [(1.0, "a", "p", 2.0, 1.0), (3.0, "b", "p", 5.0, 1.0)]
    design = terms("abc")
    X = np.array([[1.0, 0, 0], [3.0, 1, 0]])
    heavy = ExactMoments.of(X, np.array([2.0, 5.0]), np.array([2.0**500, 2.0**-900]))
    assert without_empty_levels(heavy, design)[1].columns[1].levels == ("a", "b")
    assert without_empty_levels(moments(rows, design), design)[1] == terms("ab")


def test_a_reference_that_was_asked_for_stays_while_it_has_rows():
    rows = [(1.0, "a", "p", 2.0, 1), (3.0, "b", "p", 5.0, 1), (4.0, "c", "p", 6.0, 1)]
    design = terms("abcd", reference="c")
    left, kept = without_empty_levels(moments(rows, design), design)
    assert kept == terms("abc", reference="c")
    assert left == moments(rows, kept)
    gone, first = without_empty_levels(moments(rows[:2], design), design)
    assert first == terms("ab")
    assert gone == moments(rows[:2], first)


def test_an_asked_reference_wins_over_a_default_and_two_do_not_go_together():
    a, b = terms("ab", reference="b"), terms("ac")
    assert united(a, b) == united(b, a) == terms("abc", reference="b")
    rows = [(1.0, "a", "p", 2.0, 1), (3.0, "c", "p", 5.0, 1)]
    assert recoded(moments(rows, b), b, united(a, b)) == moments(rows, united(a, b))
    with pytest.raises(DataError, match="are compared with 'b' in one, with 'c' in the other"):
        united(a, terms("abc", reference="c"))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Terms((Column("x"),)), "2 columns and 1 columns do not go together"),
        (Terms((Column("x"), Column("d", Kind.TEXT, is_category=True, levels=("a",)))), "is a category in one and 'd'"),
        (
            Terms((Column("x", Kind.DATE), terms("a").columns[1])),
            "kind 'number' in one and 'x' a column of kind 'date'",
        ),
        (Terms((Column("x"), Column("c"))), "is a category in one and 'c' a column of kind 'number'"),
        (None, "fits to x and c and to numbers alone do not go together"),
    ],
)
def test_other_columns_are_refused(other, said):
    zero = ExactMoments.zero(1)
    with pytest.raises(DataError) as caught:
        aligned(zero, terms("ab"), zero, other)
    assert said in caught.value.message


def test_formulas_go_together_where_they_met_the_same_levels():
    pytest.importorskip("formulaic")
    formula = Formula.of("y ~ c:x", {"y": Kind.NUMBER, "x": Kind.NUMBER, "c": Kind.TEXT})
    one, same, other = (formula.with_levels({"c": levels}) for levels in (["a", "b"], ["b", "a"], ["a", "c"]))
    zero = ExactMoments.zero(2)
    assert aligned(zero, one, zero, same) == (zero, zero, one)
    with pytest.raises(DataError, match="met other levels in one than in the other"):
        aligned(zero, one, zero, other)


def test_float64_statistics_are_recoded_to_rounding():
    rng = np.random.default_rng(0)
    rows = [
        (x, c, "p", y, 1.0)
        for x, c, y in zip(rng.normal(size=300), rng.choice(list("abc"), 300), rng.normal(size=300), strict=True)
    ]
    before, after = terms("abc"), terms("abcd", reference="c")
    found = recoded(moments(rows, before, Moments), before, after)
    right = moments(rows, after, Moments)
    np.testing.assert_allclose(found.scatter, right.scatter, rtol=1e-12, atol=1e-10)  # entries up to 300, 300 eps each
    np.testing.assert_allclose(found.mean, right.mean, rtol=1e-13, atol=1e-15)
