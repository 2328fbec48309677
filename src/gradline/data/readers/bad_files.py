"""Files that cannot be read, among many that can: left out as a whole, counted and told."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from gradline.data.cells import NotANumber
from gradline.data.readers.finding import Part
from gradline.data.readers.many import ManyReader
from gradline.data.readers.places import Place
from gradline.data.readers.reader import Cells, Cut, Piece, Reader
from gradline.data.skipped import Skipped
from gradline.errors import DataError, DataWarning

OnBadFile: TypeAlias = Literal["error", "skip"]
TOLD = 3


def check_on_bad_file(on_bad_file: object) -> None:
    """Refuse what is no way of treating files that cannot be read."""
    if on_bad_file not in get_args(OnBadFile):
        raise DataError(f"on_bad_file={on_bad_file!r} is not known", hint="on_bad_file='error' or on_bad_file='skip'")


class TolerantReader(ManyReader):
    """The files of a folder or a glob that can be read to their end, which is tried once before the first pass.

    A file that breaks in its middle would else have given some of its rows away. It is bad where the disk fails, it is
    empty or no file of its kind, or its text has a row that is none; a file that lacks a column, and a cell that is no
    number, are errors all the same.

    Attributes
    ----------
    skipped : dict of str to str
        What was wrong with the files that were left out, by their paths.
    left_out : Skipped
        The same, to be told.
    """

    def __init__(
        self,
        name: str,
        parts: Sequence[Part],
        open_place: Callable[[Place, Reader | None], Reader],
        asked: Mapping[str, str | None] | None = None,
    ) -> None:
        self.skipped: dict[str, str] = {}
        self._called = {part.place.path: part.place.name for part in parts}
        sound, bad = [], {}
        for part in parts:
            try:
                open_place(part.place, None)
                sound.append(part)
            except DataError as error:
                bad[part.place.path] = error.message
        self.name = name
        self.leave_out(bad)
        self._looked = self._forgiving = False
        super().__init__(name, sound, open_place, asked=asked)

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`; the first looks at every file before it."""
        self._look(columns, rows, texts)
        return super().read(columns, rows, texts)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Piece]:
        """See `ManyReader.pieces`."""
        self._look(columns, rows, ())
        return super().pieces(columns, rows)

    def only(self, cut: Cut) -> ManyReader:
        """See `ManyReader.only`; it is for whoever shares out the parts to ask for `bad_files` first."""
        some = super().only(cut)
        assert isinstance(some, TolerantReader)
        some._looked = True
        return some

    def sound(self) -> TolerantReader:
        """The files that were not left out."""
        some = copy.copy(self)
        some.parts = [part for part in self.parts if part.place.path not in self.skipped]
        return some

    def untried(self) -> TolerantReader:
        """The same for a look at some first rows: no file is tried before, and one that breaks has ended there."""
        some = copy.copy(self)
        some._looked = some._forgiving = True
        return some

    def bad_files(self, columns: Sequence[str], rows: int, texts: Collection[str]) -> dict[str, str]:
        """What is wrong with those of its files that cannot be read to their end, by their paths."""
        bad = {}
        for part in self.parts:
            alone = copy.copy(self)
            alone.parts, alone._looked = [part], True
            self._checked(part, columns)
            try:
                for _ in alone.read(columns, rows, texts):
                    pass
            except NotANumber:
                pass  # the fit will say which cell
            except DataError as error:
                bad[part.place.path] = error.message
        return bad

    @property
    def left_out(self) -> Skipped:
        """What is to be told of the files that were left out, in their order."""
        return Skipped.of([name for path, name in self._called.items() if path in self.skipped])

    def leave_out(self, bad: Mapping[str, str]) -> None:
        """Note them, and tell.

        Raises
        ------
        DataError
            Where no file is left.
        """
        self._looked = True
        if not bad:
            return
        self.skipped |= bad
        reasons = list(self.skipped.values())
        told = "; ".join(reasons[:TOLD]) + (f"; and {len(reasons) - TOLD} more" if len(reasons) > TOLD else "")
        if len(reasons) == len(self._called):
            raise DataError(f"none of the {len(reasons)} files of {self.name} can be read: {told}")
        warnings.warn(
            f"{len(reasons)} of {len(self._called)} files of {self.name} cannot be read and were left out: {told}",
            DataWarning,
            stacklevel=2,
        )

    def _told(self, reader: Reader, blocks: Iterator[list[Cells]]) -> Iterator[list[Cells]]:
        try:
            yield from super()._told(reader, blocks)
        except NotANumber:
            raise
        except DataError:
            if not self._forgiving:
                raise

    def _look(self, columns: Sequence[str], rows: int, texts: Collection[str]) -> None:
        if not self._looked:
            bad = self.bad_files(columns, rows, texts)
            self.parts = [part for part in self.parts if part.place.path not in bad]
            self.leave_out(bad)
