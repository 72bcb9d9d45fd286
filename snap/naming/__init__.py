"""Names of references, and which texts of the program may stand in a file."""
