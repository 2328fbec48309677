"""What a residual may cost, and where such a loss is least."""
