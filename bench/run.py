"""Run the benchmarks and write docs/benchmarks.md: `python bench/run.py`, or `--quick` for a minute's look."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a script this file does not see its own package

from bench.main import main

if __name__ == "__main__":
    sys.exit(main())
