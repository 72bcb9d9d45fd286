"""What is asked of heaps, one question a module; results are numbers and names."""
