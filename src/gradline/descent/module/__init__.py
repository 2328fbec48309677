"""Any `nn.Module` in place of the line: the bridge to neural networks."""
