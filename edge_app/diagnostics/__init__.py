"""Is this device fit to judge films, and if not, what to do."""
