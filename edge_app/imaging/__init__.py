"""Films as pixels: formats, grey levels, the preprocessing contract, the lung field."""
