"""A heap as tables, what SQL makes of them, and objects chosen by it."""
