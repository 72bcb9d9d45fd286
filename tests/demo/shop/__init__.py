"""A small web shop that leaks in three ways, each of them seen in real services."""
