"""How much of its training data a model gives away."""
