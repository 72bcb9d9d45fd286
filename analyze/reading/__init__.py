"""The first layer: snapshot files become arrays, and answers are kept beside them."""
