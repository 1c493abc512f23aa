"""What all tests share: programs that they start see no size of a terminal, wherever the tests run."""

import os

# `readline`, which pytest imports, sets them for child processes: the workers that run tests beside one another.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)
