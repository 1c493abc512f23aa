"""How fast this device judges films, and how much memory that takes."""
