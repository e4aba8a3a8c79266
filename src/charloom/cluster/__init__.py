"""More names than one process should find: in parts, by processes on one machine or on many.

The tree of prefixes is cut into parts (``generation.search.parts``), which are walked to one
horizon, each by a task that writes a file. Dask's ``distributed`` hands out the tasks.
"""
