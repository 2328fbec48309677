"""The report of a fit: one page that says what the answer is, whether to trust it, and what to do next."""
