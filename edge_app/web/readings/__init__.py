"""Films that were sent: queued, read, kept, drawn."""
