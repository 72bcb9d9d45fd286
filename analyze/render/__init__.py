"""Results as text and JSON. Nothing here looks at arrays or computes an answer."""
