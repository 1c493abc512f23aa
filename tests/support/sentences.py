"""What must not stand in a sentence to a user."""

import re

# What Python says when a value is not what was expected.
PYTHON = re.compile(
    r"object has no attribute|NoneType|Traceback|subscriptable|not understood|could not convert|invalid literal|"
    r"unpack_from|unpack requires|to unpack|buffer|\bstruct\b|dtype|ndarray|index out of|list index|\w+Error\b|"
    r"\w+Exception\b|<class|\bb'|cannot reshape"
)
