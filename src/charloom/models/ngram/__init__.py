"""n-grams: counts, interpolated modified Kneser-Ney smoothing, and the recurrence."""
