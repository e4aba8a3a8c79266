"""What takes a training step: one engine for each backend."""
