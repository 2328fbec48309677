"""Rows in: every kind of table becomes a re-readable source of numeric batches."""
