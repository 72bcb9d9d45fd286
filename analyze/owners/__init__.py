"""Who owns what: paths from named roots, what their steps are called, and the tree they fold to."""
