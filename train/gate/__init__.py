"""The gate: the pictures, limits and counts by which it refuses what is no frontal chest film."""
