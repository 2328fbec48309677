"""Fits on several processes or machines: statistics and second passes on Dask, descents too under torchrun."""
