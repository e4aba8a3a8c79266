"""Log-likelihoods of names and of running text."""
