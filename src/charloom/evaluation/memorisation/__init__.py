"""How much of its training data a model has memorised."""
