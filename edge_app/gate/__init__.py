"""The gate: which pictures must not be judged, and why."""
