"""Where results go: each sink has `add(result)`, called once a film, and `close()`."""
