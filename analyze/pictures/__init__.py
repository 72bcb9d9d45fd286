"""Pictures of references as plain nodes and edges, of a size that can be read."""
