"""Captures where pyarrow is not installed: what the walk says is kept, and assembled elsewhere.

The recorder needs the standard library only. `convert` replays its file through the ordinary
writer, so both ways end in the same Parquet file.
"""
