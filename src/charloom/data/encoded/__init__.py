"""Corpora as arrays of ids: encoded in one pass, kept in a cache, mapped when they are used."""
