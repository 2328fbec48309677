"""What happens after each pass: callbacks, held-out rows, checkpoints."""
