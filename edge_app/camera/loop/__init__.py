"""From frames to a verdict: when a film is still, and what several frames of it say together."""
