"""Where the small real networks and the golden films of the tests lie."""

from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"
# A real network that finds drawn lungs, by tests/golden/make_model.py.
LUNGS = GOLDEN / "lungs-int8.tflite"
