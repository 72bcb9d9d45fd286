"""A small web shop that leaks: the program behind ``make demo``.

Three mistakes, one a module, each as real programs make it:

- `shop.cache`: a cache without a limit.
- `shop.orders`: garbage cycles, of closures and of an exception with its traceback.
- `shop.plugins`: a registry on a class that only ever grows.
"""
