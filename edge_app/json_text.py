"""JSON from outside, as RFC 8259 has it, and nothing that Python's parser takes or dies of beside that."""

import json
import reprlib
from typing import Any, NoReturn

# Of a whole number: more than any count, time or size has, and as many as a float can hold.
MOST_DIGITS = 30
# Letters of a text, levels, and letters in all, that a sentence quotes: what was found may be megabytes.
_shortened = reprlib.Repr()
_shortened.maxstring = _shortened.maxother = _shortened.maxlong = 60
_shortened.maxlevel = 3
MOST_QUOTED = 200


def quoted(value: object) -> str:
    """Return a value as a sentence quotes it: as `repr` has it, shortened."""
    found = _shortened.repr(value)
    return found if len(found) <= MOST_QUOTED else f"{found[:MOST_QUOTED]}..."


def parse(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, has a number that is not finite or too long, or is nested too deeply; the text says
            which.
    """
    try:
        return json.loads(text, parse_int=_whole, parse_float=_decimal, parse_constant=_not_json)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error


def _whole(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise ValueError(f"a number has {len(written)} digits; at most {MOST_DIGITS} are allowed")
    return int(written)


def _decimal(written: str) -> float:
    found = float(written)
    if found in (float("inf"), float("-inf")):
        raise ValueError(f"the number {written[:MOST_DIGITS]} is too large")
    return found


def _not_json(written: str) -> NoReturn:
    raise ValueError(f"{written} is not a number of JSON")
