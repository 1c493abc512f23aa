"""The state folder of the page, as somebody finds it who reads the disk."""

from pathlib import Path


def files(folder: Path) -> list[Path]:
    """Return every file of it, those of folders in it too."""
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def settled(kept, id: str) -> None:
    """Wait until all that follows the judging of a reading, and of those before it, is done."""
    assert kept.reading_store.pictures.films_awaited.wait(id)
