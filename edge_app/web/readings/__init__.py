"""Uploaded films: queued, read, kept, drawn."""
