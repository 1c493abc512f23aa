"""What belongs together: pairs of names become components. Pure, and blind to what the names stand for."""

from collections.abc import Iterable


def components(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join every pair and return, for each name, the smallest name of its component (by `<` on strings).

    A name may be paired with itself to be present. The answer does not depend on the order of the pairs.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]  # halves the path, so long chains stay cheap
            name = parent[name]
        return name

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {name: root(name) for name in list(parent)}
