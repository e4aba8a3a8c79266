"""The figures of the explanations."""
