"""Fits on several processes or machines: the statistics on Dask."""
