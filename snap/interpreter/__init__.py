"""The interpreter's memory as it lies there: objects, types, strings and calls.

What differs from version to version is here. Nothing runs code of the program.
"""
