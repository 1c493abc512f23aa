"""What teaches the camera to find films, and what measures it."""
