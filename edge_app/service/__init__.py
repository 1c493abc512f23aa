"""A long run: its films, its signals, and the systemd that started it."""
