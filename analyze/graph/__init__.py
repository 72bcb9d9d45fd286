"""Graph kernels: they know arrays, and nothing of files, tables or heaps."""
