"""Sources to corpora to batches."""
