"""Too many features for sums over pairs: curvatures by Lanczos, distances by the gradient."""
