"""From frames to a verdict: when a film is held still, and what several frames of it give together."""
