"""Which films are judged: named, listed, or arriving in a folder."""
