"""Where the film is in a frame, how well it is seen, and the film straightened."""
