"""Reading the tables and folders that collections publish: rows as text, ages and sexes in one form, files by name."""

import csv
import re
from pathlib import Path

from edge_app.errors import EdgeError

# Files that systems leave in folders of pictures.
NOT_FILMS = {"thumbs.db", "desktop.ini"}

# Older NIH tables hold ages such as 414; nobody on a film is older than this.
OLDEST = 120


def read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a CSV file as one dict of stripped text a row; a cell that the row lacks is "".

    Bytes that are not UTF-8 become U+FFFD: upstream's `metadata.csv` holds Windows-1252 quotation marks.

    Raises:
        EdgeError: no such file, not a table, or without one of `columns`.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            reader = csv.DictReader(lines, restval="")
            header = reader.fieldnames or ()
            rows = [{column: row[column].strip() for column in header} for row in reader]
    except FileNotFoundError as error:
        raise EdgeError(
            f"{path}: is missing; it lists the films of {path.parent.name}; "
            "`python -m train data` says where to get the collection."
        ) from error
    except (OSError, csv.Error) as error:
        raise EdgeError(f"{path}: cannot be read as a table: {error}; download it again.") from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise EdgeError(
            f"{path}: has no column '{missing[0]}'; the columns {', '.join(columns)} are needed; download it again."
        )
    return rows


def films_in(folder: Path) -> list[Path]:
    """List the files of a folder by name, without hidden ones and what systems leave behind; none if it is absent."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.name.casefold() not in NOT_FILMS
    )


def age_in_years(text: str) -> float | None:
    """Return the years in "65", "65.0" or "058Y" (also "011M" and "003D"), or None outside 0 to `OLDEST`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([YMD]?)", text.strip(), re.IGNORECASE)
    if not match:
        return None
    years = float(match[1]) / {"Y": 1, "M": 12, "D": 365.25}[match[2].upper() or "Y"]
    return round(years, 2) if years <= OLDEST else None


def sex_of(text: str) -> str:
    """Return "M", "F" or ""."""
    first = text.strip()[:1].upper()
    return first if first in {"M", "F"} else ""
