"""What a device's `/metrics` says, read from Prometheus's text format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_app.errors import EdgeError
from edge_app.screening import decision

# What the verdicts of a device are counted as; shares are of all that were read.
SHARES = ("refused", "unsure", "suspected")
_KINDS = {
    decision.REFUSED: "refused",
    decision.UNSURE: "unsure",
    decision.COVID: "suspected",
    decision.PNEUMONIA: "suspected",
}
# Verdicts of films that could not be read, which are told apart from those that were.
_UNREAD = ("unread", "none")


class NoFigures(EdgeError):
    """A device's figures cannot be had, or are not those of this program."""


@dataclass(frozen=True)
class Counts:
    """How many readings there are: `read` in all, and of each of `SHARES`."""

    read: int = 0
    refused: int = 0
    unsure: int = 0
    suspected: int = 0

    def of(self, share: str) -> int:
        """Return the count of one of `SHARES`."""
        return getattr(self, share)

    def ratio(self, share: str) -> float | None:
        """Return one of `SHARES` as a share of all; None if nothing was read."""
        return self.of(share) / self.read if self.read else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(self.of(name) + other.of(name) for name in ("read", *SHARES)))

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(*(max(0, self.of(name) - other.of(name)) for name in ("read", *SHARES)))


@dataclass(frozen=True)
class Figures:
    """The figures of a device; None, or empty, what it does not tell, as a page of an older version.

    Attributes:
        version, runtime: of the program.
        model, model_sha256: name and hash of the model in use.
        rule, site: the operating point, and the name of the site's calibration.
        last_reading, certificate_expiry: seconds since 1970.
        faults: names of those that last.
        kept, recent: readings that are kept, and those of the last days.
        waiting: films.
        film_seconds: median time of a film.
        disk_free, disk_size: bytes.
        temperature: degrees Celsius.
        expected_unsure: (low, high) of the share of unsure answers by the model's card.
    """

    model: str
    model_sha256: str
    version: str = ""
    runtime: str = ""
    rule: str = ""
    site: str = ""
    last_reading: float | None = None
    certificate_expiry: float | None = None
    faults: tuple[str, ...] = ()
    kept: Counts = field(default_factory=Counts)
    recent: Counts = field(default_factory=Counts)
    waiting: float | None = None
    film_seconds: float | None = None
    disk_free: float | None = None
    disk_size: float | None = None
    temperature: float | None = None
    expected_unsure: tuple[float, float] | None = None


def parse(text: str) -> Figures:
    """Read the text of `/metrics`.

    Raises:
        NoFigures: it is not Prometheus's format, or not of this program.
    """
    from prometheus_client.parser import text_string_to_metric_families

    samples: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples.setdefault(sample.name.removeprefix("covid_xray_"), []).append((sample.labels, sample.value))
    except ValueError as error:
        raise NoFigures(f"what it answers is not Prometheus's text format ({error})") from error
    if "model_info" not in samples:
        raise NoFigures("what it answers is not of this program: it has no covid_xray_model_info")

    def one(name: str) -> float | None:
        return next((value for _, value in samples.get(name, ())), None)

    def labels(name: str) -> Mapping[str, str]:
        return next((labels for labels, _ in samples.get(name, ())), {})

    build, model, point = labels("build_info"), labels("model_info"), labels("operating_point_info")
    bounds = {labels.get("bound"): value for labels, value in samples.get("expected_unsure_ratio", ())}
    return Figures(
        model=model.get("name", ""),
        model_sha256=model.get("sha256", ""),
        version=build.get("version", ""),
        runtime=build.get("runtime", ""),
        rule=point.get("rule", ""),
        site=point.get("site", ""),
        last_reading=one("last_reading_timestamp_seconds"),
        certificate_expiry=one("certificate_expiry_timestamp_seconds"),
        faults=tuple(sorted(labels.get("name", "") for labels, value in samples.get("fault", ()) if value)),
        kept=_counts(samples.get("readings", [])),
        recent=_counts(samples.get("recent_readings", [])),
        waiting=one("films_waiting"),
        film_seconds=one("film_seconds"),
        disk_free=one("disk_free_bytes"),
        disk_size=one("disk_size_bytes"),
        temperature=one("temperature_celsius"),
        expected_unsure=(bounds["low"], bounds["high"]) if {"low", "high"} <= set(bounds) else None,
    )


def _counts(found: list[tuple[Mapping[str, str], float]]) -> Counts:
    counts: dict[str, int] = dict.fromkeys(("read", *SHARES), 0)
    for labels, value in found:
        verdict = labels.get("verdict", "")
        if verdict in _UNREAD:
            continue
        counts["read"] += int(value)
        kind = _KINDS.get(verdict)
        if kind:
            counts[kind] += int(value)
    return Counts(**counts)
