"""n-grams: counts, Kneser-Ney or fitted smoothing, classes, sparse contexts, the recurrence."""
