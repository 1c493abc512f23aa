"""What a JSON text becomes when chance or malice changes it: its values, its shape, its bytes."""

import copy
import json
import random
from typing import Any

from tests.support.damage import damage

# More nesting than Python's parser follows, and than anything of ours has.
DEEP, SHALLOW = 100_000, 40
# Texts of values that other values are replaced by: those of JSON, and those that only Python's parser takes.
STRANGE = ["null", "true", "0", "-1", "0.5", "1e308", "1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400, "9" * 5000]
STRANGE += ['""', '"x"', '"<b>%s{0}"', '"../../etc/passwd"', '"\\ud800"', '"\\u0000\\n\\u001b[2J"', '"Ω漢"']
STRANGE += ['"' + "y" * 100_000 + '"', "[]", "{}", "[[]]", '{"":null}', '["x","x"]', "[{}]", "[null]"]
STRANGE += ["[" * SHALLOW + "]" * SHALLOW, '{"a":' * SHALLOW + "1" + "}" * SHALLOW]
WHOLE = ["[" * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "", " ", "\ufeff{}", "null", "[]", "0"]
MARK = "a value that is replaced"


def mutated(value: Any, seed: object) -> bytes:
    """Return a changed text of a value; the same value and seed give the same one."""
    chance = random.Random(f"{seed}")
    if chance.random() < 0.1:
        return chance.choice(WHOLE).encode()
    changed, strange = copy.deepcopy(value), []
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.choice(_places(changed)) if changed else None
        if place is None:
            break
        holder, key = place
        kind = chance.random()
        if kind < 0.15:
            del holder[key]
        elif kind < 0.25 and isinstance(holder, dict):
            holder[chance.choice(("more", "__class__", ""))] = holder[key]
        elif kind < 0.35:
            holder[key] = chance.choice([copy.deepcopy(other[at]) for other, at in _places(value)])
        else:
            holder[key] = MARK
            strange.append(chance.choice(STRANGE))
    text = json.dumps(changed)
    for one in strange:
        text = text.replace(f'"{MARK}"', one, 1)
    content = text.encode()
    if chance.random() < 0.1:
        import numpy as np

        content = damage(content, np.random.default_rng(chance.randrange(1 << 32)))
    return content


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return (holder, key or index) of every value within a value."""
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            waiting.append(one[key])
    return found
