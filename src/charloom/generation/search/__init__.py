"""Searches through the tree of prefixes: sampling without replacement, the most likely strings."""
