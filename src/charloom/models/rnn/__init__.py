"""Recurrent networks: weights, and the recurrence on NumPy, JAX and Keras."""
