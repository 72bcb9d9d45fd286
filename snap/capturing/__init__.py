"""Captures as they are asked for: at once, on demand, of a whole run.

Each is a plan, the writer's process, and a file to be.
"""
