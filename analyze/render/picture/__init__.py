"""Pictures of references as DOT, through Graphviz, and as a page of their own."""
