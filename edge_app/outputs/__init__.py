"""Where results go: each output has `add(result)`, called once a film, and `close()`."""
