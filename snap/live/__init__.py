"""Looking at the running program itself, in one line and without a file.

Nothing here is loaded before it is used. What it makes is not in its results: neither
its calls nor its lists, nor results that the program still holds.
"""
