"""Many devices at once: how they fare, by what their pages tell, and a new model or program on all of them in waves."""
