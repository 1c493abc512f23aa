"""Near-duplicates (being written)."""
import numpy as np
def find(thumbnails):
    return []
