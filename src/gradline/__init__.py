"""Linear regression by gradient descent: every step visible, every answer certified."""
