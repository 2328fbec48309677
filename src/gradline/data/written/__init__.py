"""What is written: rows, checkpoints; each file whole or not at all."""
