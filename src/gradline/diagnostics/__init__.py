"""After the fit: a second pass over the rows, for what the sums cannot say of them."""
