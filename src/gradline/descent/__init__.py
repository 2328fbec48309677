"""The gradient way: three rungs and one loop."""
