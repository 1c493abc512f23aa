"""The gate: the pictures, limits and counts by which it refuses what is not a frontal chest film."""
