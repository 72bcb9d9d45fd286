"""Keeps the capture apart from the program.

Other threads stand still, our own objects are told from the program's, what is left is counted.
"""
