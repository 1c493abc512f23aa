"""The flags that tell a command where the films are."""

from pathlib import Path

from train.films import indexed_films, pixels


def add(parser, *, lungs: bool = False) -> None:
    """Declare `--index`, `--data` and `--cache`, and `--lungs` for commands that crop the films."""
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="where decoded pixels are kept (%(default)s)")
    if lungs:
        parser.add_argument(
            "--lungs", type=Path, default=pixels.LUNGS, help="lung-field network that crops the films (%(default)s)"
        )


def read(args) -> indexed_films.IndexedFilms:
    """Return the films that the flags of a command name; errors as of `indexed_films.read`."""
    return indexed_films.read(args.index, args.data, args.cache, getattr(args, "lungs", pixels.LUNGS))
