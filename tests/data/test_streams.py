"""What can be read only once: streams of Arrow in memory and on a pipe, and CSV on standard input."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gradline import DataError, LinearRegression, open_source
from gradline.data.source import whole
from gradline.moments.precision import gather
from tests.data.given import standard_input


@pytest.fixture
def table() -> pa.Table:
    rng = np.random.default_rng(1)
    x = rng.normal(size=1000)
    cut = np.array(["Fair", "Good", "Ideal"])[rng.integers(0, 3, 1000)]
    return pa.table({"carat": x, "cut": cut, "price": 3 * x + (cut == "Good") + rng.normal(size=1000)})


class Stream:
    """Nothing but the Arrow interface; counts how often it is read."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.read = table, 0

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        self.read += 1
        return self.table.to_reader().__arrow_c_stream__(requested_schema)


def ipc_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.to_batches(300):
            writer.write_batch(batch)
    return sink.getvalue()


@pytest.mark.parametrize("features", [None, ["carat"]])
def test_a_reader_of_record_batches_gives_what_its_table_gives(table: pa.Table, features: list[str] | None) -> None:
    expected = LinearRegression(precision="exact").fit(open_source(table, target="price", features=features))
    fitted = LinearRegression().fit(open_source(table.to_reader(), target="price", features=features))
    assert fitted.n_samples_ == 1000
    np.testing.assert_array_equal(fitted.coef_, expected.coef_)


def test_a_stream_is_read_once(table: pa.Table) -> None:
    stream = Stream(table)
    X = whole(open_source(stream, target="price", features=["carat"])).X
    assert stream.read == 1
    np.testing.assert_array_equal(X[:, 0], table["carat"].to_numpy())


def test_a_second_pass_over_a_stream_is_refused(table: pa.Table) -> None:
    source = open_source(table.to_reader(), target="price", features=["carat"])
    assert sum(len(batch) for batch in source.batches(64)) == 1000
    with pytest.raises(DataError, match="RecordBatchReader can be read only once"):
        next(source.batches())


def test_a_stream_is_predicted_as_its_table_is(table: pa.Table) -> None:
    model = LinearRegression().fit(open_source(table, target="price"))
    rows = table.drop(["price"])
    np.testing.assert_array_equal(model.predict(rows.to_reader()), model.predict(rows))


def test_an_arrow_stream_on_standard_input_is_read(table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input(monkeypatch, ipc_stream(table))
    fitted = LinearRegression().fit(open_source("-", target="price"))
    expected = LinearRegression(precision="exact").fit(open_source(table, target="price"))
    np.testing.assert_array_equal(fitted.coef_, expected.coef_)


def test_a_damaged_arrow_stream_is_one_sentence(table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input(monkeypatch, ipc_stream(table)[:-3000])
    with pytest.raises(DataError, match="cannot read standard input"):
        LinearRegression().fit(open_source("-", target="price"))


def test_what_comes_once_is_summed_exactly_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    # Almost equal columns: float64 would be sure of too few digits, and read once more.
    x = np.arange(1000.0)
    rows = [f"{a:.0f},{a + 1e-7 * (a % 7):.8f},{'abc'[int(a) % 3]},{a % 11:.0f}" for a in x]
    standard_input(monkeypatch, ("a,b,kind,y\n" + "\n".join(rows) + "\n").encode())
    _, solution = gather(open_source("-", target="y"), fit_intercept=True)
    assert solution.certificate is not None
    assert solution.certificate.digits >= 15


def test_a_descent_on_what_comes_once_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    standard_input(monkeypatch, b"kind,x,y\na,1,2\nb,2,3\na,3,5\n")
    source = open_source("-", target="y")
    _ = source.feature_names  # takes the pass
    with pytest.raises(DataError, match="only once") as caught:
        next(source.batches())
    assert "save the rows to a file" in str(caught.value.hint)
