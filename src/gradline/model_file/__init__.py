"""A fit in a file: one JSON object of names and numbers, no code; equal fits give equal files."""

from gradline.model_file.algebra import merged, subtracted
from gradline.model_file.reading import read_model
from gradline.model_file.saved import SavedModel
from gradline.model_file.writing import check_place, write_model

__all__ = ["SavedModel", "check_place", "merged", "read_model", "subtracted", "write_model"]
