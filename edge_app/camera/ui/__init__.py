"""What a person before the camera sees and presses."""
