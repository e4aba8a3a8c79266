"""n-grams: counts, interpolated modified Kneser-Ney, and the recurrence."""
