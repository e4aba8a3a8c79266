"""Models: recurrent networks, n-grams, mixtures and blends, and how they are scored."""
