"""Six broken loops to mend: exercises.py (copied, and recognised), verdict.py (mended or not, and why)."""
