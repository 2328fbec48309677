"""How a descent went, in words."""
