"""Options of small trainings on the command line."""

FAST = ["--units", "16", "--embedding", "8", "--epochs", "8", "--learning-rate", "0.02",
        "--batch-size", "16"]  # fmt: skip
"""Options of a training that takes a second."""

ENDLESS = [*FAST, "--epochs", "1000000", "--patience", "0"]
"""Options of a training that ends only when it is stopped."""
