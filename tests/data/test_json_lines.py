"""JSON has types: its numbers are numbers, its strings dates or text, and null alone is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradline.data.cells import NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.readers.files import reader_of
from gradline.data.readers.reader import Reader
from gradline.data.text import json_lines


def lines(folder: Path, cells: list[object]) -> Reader:
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps({"x": cell, "y": 1}) + "\n" for cell in cells))
    return reader_of(path)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, 2.5, None], Kind.NUMBER),
        ([None, None], Kind.NUMBER),
        ([True, None, False], Kind.BOOLEAN),
        ([True, 2], Kind.NUMBER),
        ([1, "slip"], Kind.NUMBER),
        (["1.5", "2"], Kind.TEXT),
        (["true", "false"], Kind.TEXT),
        (["2024-01-31", None], Kind.DATE),
        (["2024-01-31T10:00:00Z"], Kind.ZONED),
        (["12:30"], Kind.CLOCK),
        (["a", "b", 3], Kind.TEXT),
        ([[1], {"a": 2}], Kind.OTHER),
    ],
)
def test_a_column_is_what_at_least_half_of_its_first_cells_are(tmp_path: Path, cells: list[object], kind: Kind) -> None:
    assert lines(tmp_path, cells).kinds() == {"x": kind, "y": Kind.NUMBER}


WORDS = {True: "true", False: "false"}


@settings(max_examples=80, deadline=None)
@given(
    cells=st.lists(st.none() | st.text(max_size=4) | st.booleans() | st.integers(-99, 99), min_size=1),
    chunk=st.sampled_from([64, 1 << 20]),
)
def test_labels_are_the_strings_and_what_other_cells_are_called(
    tmp_path_factory: pytest.TempPathFactory, cells: list[object], chunk: int
) -> None:
    found: list[str | None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "CHUNK_BYTES", chunk)
        for block, y in lines(tmp_path_factory.mktemp("t"), cells).read(["x", "y"], 5, ["x"]):
            assert isinstance(block, Labels)
            assert len(block) == len(y)
            found += [None if code < 0 else block.levels[code] for code in block.codes]
    assert found == [
        None if cell is None else WORDS[cell] if isinstance(cell, bool) else str(cell).strip() or None for cell in cells
    ]


def test_words_for_missing_are_words_in_json_but_a_blank_is_none(tmp_path: Path) -> None:
    [[block]] = lines(tmp_path, ["NA", "", None, "null"]).read(["x"], 10, ["x"])
    assert isinstance(block, Labels)
    assert [None if code < 0 else block.levels[code] for code in block.codes] == ["NA", None, None, "null"]


def test_truth_is_one_and_null_missing(tmp_path: Path) -> None:
    [[block]] = lines(tmp_path, [True, None, False]).read(["x"], 10)
    assert np.array_equal(block, [1, np.nan, 0], equal_nan=True)


@pytest.mark.parametrize(
    ("cells", "row", "expected"),
    [
        ([1, 2, "3"], 3, "a number"),
        ([True, True, "yes"], 3, "true or false"),
        (["2024-01-31", "2024-02-01", 5], 3, "a date such as 2024-01-31"),
        (["2024-01-31", "", "2024-01-31"], 2, "a date such as 2024-01-31"),
        ([1, 2, [3]], 3, "a number"),
    ],
)
def test_a_cell_that_does_not_fit_is_told_with_its_row(
    tmp_path: Path, cells: list[object], row: int, expected: str
) -> None:
    with pytest.raises(NotANumber) as error:
        list(lines(tmp_path, cells).read(["x"], 10))
    assert (error.value.row, error.value.expected, error.value.hint) == (row, expected, None)
