"""Where objects were allocated: `tracemalloc`'s own table, read without asking it."""
