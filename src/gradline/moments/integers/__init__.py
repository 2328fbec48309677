"""The workshop of `ExactMoments`: sums without rounding, and least squares solved from them in integers.

Rows in: digits -> digit_products, digit_sums -> accumulator -> integer_sums; blas_product alone trusts the BLAS.
Answers out: equations -> factor -> refine -> solve; rank where columns depend on each other.
"""
