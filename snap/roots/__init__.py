"""What the program holds by name and is doing: modules, threads, exceptions, greenlets, tasks."""
