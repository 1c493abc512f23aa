"""The pages of the program by its own table of addresses, so that a new one is met without being named."""

import re
from pathlib import Path

import edge_app.web

STATIC = Path(edge_app.web.__file__).with_name("static")
# A file of the folder of static files as another one names it: a script its parts, a style sheet its pictures.
NAMED = re.compile(r"[\w-][\w./-]*\.(?:js|mjs|css|svg|png|webp|wasm|woff2?)\b")


def paths(app, **values: str) -> list[str]:
    """Return the address of each page that may be asked for with GET.

    Args:
        app: of Flask.
        values: of the variable parts of an address, such as `id`; a page that needs another one is left out.
    """
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.arguments <= set(values) and rule.endpoint != "static":
                built = app.url_map.bind("localhost").build(
                    rule.endpoint, {name: values[name] for name in rule.arguments}
                )
                found.append(built)
    return sorted(set(found))


def parts(text: str) -> set[Path]:
    """Return the static files that a page, a script or a style sheet names, and those that these name in turn."""
    found, waiting = set(), [text]
    while waiting:
        for name in NAMED.findall(waiting.pop()):
            path = next(
                (
                    one
                    for one in (STATIC / name.rpartition("static/")[2], *STATIC.rglob(Path(name).name))
                    if one.is_file()
                ),
                None,
            )
            if path and path not in found:
                found.add(path)
                if path.suffix in (".js", ".mjs", ".css"):
                    waiting.append(path.read_text(encoding="utf-8"))
    return found
