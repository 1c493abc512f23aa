"""Which Python files there are, and which imports what, in functions too."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIMES = {"tflite_runtime", "ai_edge_litert"}
PROGRAMS = ("edge_app", "train", "convert")


def imports(source: str) -> list[tuple[int, str]]:
    """Return (line, dotted name) of every import in a source text, wherever it stands.

    `from x import y` counts as `x.y`, since y may be a module. A call of `import_module` or `__import__` counts by its
    literal; and so does any literal text that begins like a runtime's module, since such a table is imported from.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A relative one is named by its dots: which package it is of, the text alone does not tell.
            module = "." * node.level + (node.module or "")
            found += [(node.lineno, f"{module}.{name.name}" if node.module else module) for name in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                found.append((node.lineno, node.args[0].value))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split(".")
            if words[0] in RUNTIMES and all(word.isidentifier() for word in words):
                found.append((node.lineno, node.value))
    return sorted(set(found))


def offenders(folder: str, banned: set[str], remedy: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return `path:line: what it imports; remedy` for every import of `banned` under a folder of the project.

    `banned` holds top packages, or packages with a dot behind; `allowed` paths of files in that folder.
    """
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths, f"{folder}/ holds no Python file: this test would look at nothing"
    return [
        f"{path.relative_to(ROOT)}:{line}: imports {name}; {remedy}"
        for path in paths
        if str(path.relative_to(ROOT / folder)) not in allowed
        for line, name in imports(path.read_text(encoding="utf-8"))
        if name.split(".")[0] in banned or any(f"{name}.".startswith(one) for one in banned if one.endswith("."))
    ]


def modules() -> dict[str, Path]:
    """Return every file of the three programs by its dotted name; a package's own file by that of the package."""
    paths = [path for top in PROGRAMS for path in sorted((ROOT / top).rglob("*.py"))]
    names = [path.relative_to(ROOT).with_suffix("").parts for path in paths]
    names = [parts[:-1] if parts[-1] == "__init__" else parts for parts in names]
    return {".".join(parts): path for parts, path in zip(names, paths, strict=True)}


def tracked() -> list[Path]:
    """Return every Python file of the repository, tests included; what git ignores is left out."""
    line = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
    names = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    assert any(names), "git knows no Python file here: this test would look at nothing"
    # A file that was removed is listed until its removal is committed.
    return [path for path in sorted({ROOT / name for name in names if name}) if path.is_file()]


def imported(found: dict[str, Path]) -> list[tuple[str, str, str]]:
    """Return (module, module that it imports, `path:line`) for every import among modules of `modules`."""
    edges = []
    for module, path in found.items():
        for line, name in imports(path.read_text(encoding="utf-8")):
            while name and name not in found:
                name = name.rpartition(".")[0]
            if name and name != module:
                edges.append((module, name, f"{path.relative_to(ROOT)}:{line}"))
    return edges


def package(module: str, found: dict[str, Path]) -> str:
    """Return the package that a module belongs to; a program's own start, `__main__`, is one by itself."""
    name = found[module].name
    return module if name in ("__init__.py", "__main__.py") else module.rpartition(".")[0]


def circles(edges: list[tuple[str, str, str]]) -> list[str]:
    """Return `path:line` of every import that is part of a circle."""
    after = {}
    for module, name, _ in edges:
        after.setdefault(module, set()).add(name)

    def reached(start: str) -> set[str]:
        seen, waiting = set(), [start]
        while waiting:
            for name in after.get(waiting.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return seen

    reach = {module: reached(module) for module in after}
    return [
        f"{where}: {module} imports {name}, which imports it again; move what both need into a third file"
        for module, name, where in edges
        if module in reach.get(name, ())
    ]
