"""gradline beside its peers: `python bench/run.py` measures, and writes docs/benchmarks.md."""
