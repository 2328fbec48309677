"""What is descended, in which units, and how near is near enough."""
