"""Options that make a training on the command line take a second."""

FAST = ["--units", "16", "--embedding", "8", "--epochs", "8", "--learning-rate", "0.02",
        "--batch-size", "16"]  # fmt: skip
"""Options of a training that takes a second."""
