"""What tests share: drawn films and collections, processes, a browser."""
