"""The same sums on a device of PyTorch's: a GPU, or for tests the CPU."""
