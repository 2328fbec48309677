"""What a rung may be given beyond the lesson: batches, momentum, optimizers, other losses, changing rates."""
