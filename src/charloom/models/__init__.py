"""What a model is: its weights' shapes, the Keras builders, the fast recurrence, the NumPy step."""
