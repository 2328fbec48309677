"""What the data of a fit are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gradline.data.skipped import NONE, Skipped
from gradline.data.source import Source
from gradline.data.weighting import Weighting
from gradline.errors import DataError

INTERCEPT = "(Intercept)"


@dataclass(frozen=True, slots=True)
class Names:
    """What the data are called and in which units they are, and what was left out of them, and why."""

    source: str
    target: str
    features: tuple[str, ...]
    rows_dropped: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    weighting: Weighting | None = None
    skipped: Skipped = NONE

    @classmethod
    def of(cls, source: Source) -> Names:
        """After a pass over `source`, which counts the rows dropped."""
        refuse_reserved(source.feature_names)
        design = getattr(source, "design", None)
        return cls(
            source.name,
            source.target_name,
            source.feature_names,
            source.rows_dropped,
            dict(getattr(source, "dropped", {})),
            () if design is None else design.notes,
            getattr(source, "weighting", None),
            getattr(source, "skipped", NONE),
        )


def refuse_reserved(features: Iterable[str]) -> None:
    """The constant term has a name of its own, which no column may take."""
    if INTERCEPT in features:
        raise DataError(f"a feature is called '{INTERCEPT}', the name of the constant term", hint="rename the column")
