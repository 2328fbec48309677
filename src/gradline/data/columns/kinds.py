"""What a column holds, and as which number it is read."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds, as far as its type or its first rows tell."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    ZONED = "time with a zone"
    CLOCK = "time of day"
    DURATION = "duration"
    TEXT = "text"
    OTHER = "other"  # lists, structures, bytes: nothing a line can be fitted to

    @property
    def unit(self) -> str | None:
        """The unit and the origin of its numbers, where these are ours; None where they are the column's own.

        Examples
        --------
        >>> Kind.DATE.unit
        'days since 1970-01-01'
        """
        return UNITS.get(self)

    @property
    def is_numeric(self) -> bool:
        """Whether each cell is read as one number."""
        return self not in (Kind.TEXT, Kind.OTHER)


UNITS = {
    Kind.BOOLEAN: "1 where true, 0 where false",
    Kind.DATE: "days since 1970-01-01",
    Kind.TIME: "seconds since 1970-01-01 00:00",
    Kind.ZONED: "seconds since 1970-01-01 00:00 UTC",
    Kind.CLOCK: "seconds since midnight",
    Kind.DURATION: "seconds",
}


def kind_of(arrow_type: Any) -> Kind:
    """The kind of an Arrow type; a dictionary is a category, whatever its values are.

    Examples
    --------
    >>> import pyarrow as pa
    >>> [kind_of(t).value for t in (pa.int8(), pa.dictionary(pa.int8(), pa.int64()), pa.date32(), pa.timestamp("ns"))]
    ['number', 'text', 'date', 'time']
    """
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(arrow_type):
        return Kind.OTHER if kind_of(arrow_type.value_type) is Kind.OTHER else Kind.TEXT
    tests = {
        types.is_boolean: Kind.BOOLEAN,
        types.is_integer: Kind.NUMBER,
        types.is_floating: Kind.NUMBER,
        types.is_decimal: Kind.NUMBER,
        types.is_null: Kind.NUMBER,
        types.is_date: Kind.DATE,
        types.is_timestamp: Kind.TIME if getattr(arrow_type, "tz", None) is None else Kind.ZONED,
        types.is_time: Kind.CLOCK,
        types.is_duration: Kind.DURATION,
        types.is_string: Kind.TEXT,
        types.is_large_string: Kind.TEXT,
        types.is_string_view: Kind.TEXT,
    }
    return next((kind for test, kind in tests.items() if test(arrow_type)), Kind.OTHER)
