"""Drawings for notebooks by matplotlib, with scikit-learn's `from_estimator`; and one figure in a file: `plot_fit`.

matplotlib is an extra, `pip install 'gradline[plots]'`, and is loaded when something is drawn.
"""
