"""From grey pixels to a verdict, and the words for it."""
