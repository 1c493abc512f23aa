"""Films are decoded in child processes and judged in threads."""
