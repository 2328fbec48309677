"""scikit-learn's contract over both ways."""

from gradline.estimators.gradient_descent import GradientDescentRegressor
from gradline.estimators.linear_regression import LinearRegression

__all__ = ["GradientDescentRegressor", "LinearRegression"]
