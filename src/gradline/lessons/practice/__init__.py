"""Six broken loops to mend: exercises.py (what they are), verdict.py (mended or not, and why)."""
