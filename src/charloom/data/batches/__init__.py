"""Batches for training, each a function of (seed, epoch, step)."""
