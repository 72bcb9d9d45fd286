"""What the walk and the writer, two processes, say to each other."""
