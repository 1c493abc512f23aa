"""Many films in turn: decoded in worker processes, judged in threads."""
