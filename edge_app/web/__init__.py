"""The page: a browser sends a film and is shown its reading; programs do the same over /api/v1."""
