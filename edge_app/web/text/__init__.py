"""The page's words in the reader's language."""
