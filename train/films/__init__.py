"""The films of an index as arrays, prepared as the edge prepares them."""
