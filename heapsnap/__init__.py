"""heapsnap within other tools: a pytest plugin and IPython magics.

`snap` captures, `analyze` analyses; what is here brings both to where people work.
"""
