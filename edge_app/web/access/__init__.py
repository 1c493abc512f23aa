"""Access: passwords, tokens, sessions."""
