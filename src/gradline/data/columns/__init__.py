"""What the columns of a table become in X: numbers, categories, formulas."""
