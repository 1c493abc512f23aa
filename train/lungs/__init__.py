"""The lung field: published masks, a small network that draws them, and how well it does."""
