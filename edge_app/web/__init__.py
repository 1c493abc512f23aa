"""The page: a browser sends a film and shows its reading; programs use /api/v1."""
