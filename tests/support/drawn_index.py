"""What the films of the fixture `drawn` are of."""

SOURCES = ("clinic-a", "clinic-b")
LABELS = ("normal", "covid", "pneumonia")
# How white the patches in the lungs are, by label; see `draw_film`.
OPACITY = {"normal": 0.0, "covid": 0.9, "pneumonia": 0.4}
