"""The writer process: remembers what the walk has seen, and writes the snapshot file.

It runs in an interpreter of its own, so that numpy and pyarrow, with their objects and
threads, stay out of the program under study. Nothing but this package and `snap.raw`, which
stands in where they are not installed, imports it.
"""
