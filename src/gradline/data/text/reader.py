"""What every text file of rows has in common: threads that parse chunks of whole lines ahead of the reader."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

from gradline.data.cells import NotANumber
from gradline.data.columns.kinds import Kind
from gradline.data.columns.labels import Labels
from gradline.data.readers.ahead import ahead
from gradline.data.readers.places import Pipe
from gradline.data.readers.reader import Cells
from gradline.data.text.cells import Form
from gradline.data.text.file import TextFile

Chunk = TypeVar("Chunk")


class TextReader(Generic[Chunk]):
    """A text file of rows, in chunks of whole lines.

    Attributes
    ----------
    file : TextFile
    name : str
    column_names : tuple of str
    """

    file: TextFile
    name: str
    column_names: tuple[str, ...]

    @property
    @abstractmethod
    def forms(self) -> dict[str, Form]:
        """How each column is written in the first rows."""

    @abstractmethod
    def _chunks(self) -> Iterator[Chunk]:
        """Start a fresh pass."""

    @abstractmethod
    def _cells(self, chunk: Chunk, columns: Sequence[str], texts: Collection[str]) -> list[Cells]:
        """What a thread does: the cells of these columns."""

    def _met(self, block: list[Cells]) -> None:
        """Look at cells in the order of their rows."""

    @property
    def once(self) -> bool:
        """Whether a second pass is an error."""
        return isinstance(self.file.place, Pipe)

    def kinds(self) -> dict[str, Kind]:
        """What the cells of each column are in the first rows."""
        return {name: form.kind for name, form in self.forms.items()}

    def read(self, columns: Sequence[str], rows: int, texts: Collection[str] = ()) -> Iterator[list[Cells]]:
        """Start a fresh pass, see `gradline.data.readers.reader.Reader`."""
        before = 0
        _ = self.forms  # before there are threads
        try:
            for block in ahead(partial(self._cells, columns=columns, texts=texts), self._chunks()):
                self._met(block)
                count = len(block[0])
                for piece in range(pieces := -(-count // rows)):
                    part = slice(piece * count // pieces, (piece + 1) * count // pieces)
                    yield [cells.take(part) if isinstance(cells, Labels) else cells[part] for cells in block]
                before += count
        except NotANumber as cell:
            cell.row += before
            raise
