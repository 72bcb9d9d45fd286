"""Offline analysis of heap snapshots."""
