"""Training and measuring the camera: which quadrangle of a photograph is a film, and what photographs cost."""
