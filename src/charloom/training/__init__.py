"""Training: a generator of events, and an engine a backend."""
