"""Measures of a model, each with its interval where it has one."""
