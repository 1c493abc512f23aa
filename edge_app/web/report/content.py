"""What a report says of a reading, in the reader's language; it is drawn by `page`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_app import __version__
from edge_app.screening.heat import LEAST_CHANCE
from edge_app.store.reading import Reading
from edge_app.web.readings import layers
from edge_app.web.report import fonts
from edge_app.web.report.pictures import LEVELS
from edge_app.web.text import facts_view, heat_view, result_view, wording
from edge_app.web.text.finding_view import Told
from edge_app.web.text.result_view import Bar
from edge_app.web.text.spoken import gettext as _
from edge_app.web.text.spoken import locale

# Characters of a text that somebody typed, such as the name of a file or of a site's calibration.
MOST_LETTERS = 100
# To write on.
LINE = "_" * 28


@dataclass(frozen=True)
class Map:
    """A heat map on the page.

    Attributes:
        title: whose map it is.
        heat: its picture, as of `layers`.
        ends: what the two ends of its scale are.
        marks: what each of `pictures.LEVELS` is on the scale; empty of a map whose places are no chances.
        empty: that no place is hot; empty where one is.
    """

    title: str
    heat: bytes
    ends: tuple[str, str]
    marks: tuple[str, ...]
    empty: str


@dataclass(frozen=True)
class Card:
    """One finding: its words, its bar if it has a score, and whose films its figures are of."""

    told: Told
    bar: Bar | None
    often: str
    source: str


@dataclass(frozen=True)
class Content:
    """All words and pictures of a report.

    Attributes:
        language: its code, such as "es".
        product, notice: of every page's head.
        verdict: its words.
        note: beneath the verdict.
        chips: (symbol, words) of both findings.
        warnings: sentences, the most important first.
        film, lungs: pictures as of `layers`; None where none is kept.
        maps: of both findings, or of one.
        film_name, sides: words above and below a picture.
        hint: what the maps' colours and lines show.
        reason: paragraphs of a refused film: why, and what to do.
        cards: of the findings.
        headings: of the parts of a finding's meaning.
        limits: what holds for all scores.
        identity, facts: (name, value): whose film it is, and all else about it and the reading.
    """

    language: str
    product: str
    notice: str
    verdict: wording.Words
    note: str
    chips: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    film: bytes | None
    lungs: bytes | None
    maps: tuple[Map, ...]
    film_name: str
    sides: tuple[str, str]
    hint: str
    reason: tuple[str, ...]
    cards: tuple[Card, ...]
    headings: tuple[str, str, str]
    limits: str
    identity: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def of(reading: Reading, findings: Sequence[Told], picture: Callable[[str], bytes | None]) -> Content:
    """Return the report of a reading.

    Args:
        reading: of any verdict, also a refused film and one that could not be read.
        findings: as of `finding_view.told`, at the prevalence that holds.
        picture: gives a picture of the reading by its name in `layers`; None without it.
    """
    row, words = reading.row, wording.of(reading.row)
    film = picture(layers.FILM)
    maps = _maps(row, picture) if film and findings else ()
    seen = result_view.seen(reading)
    return Content(
        language=str(locale()),
        product=_("Chest X-ray screening"),
        notice=str(wording.NOTICE),
        verdict=words,
        note=str(seen["refusal"][0] if seen["refusal"] else words.do),
        chips=tuple((one.symbol, one.words) for one in findings),
        warnings=(*_of_trial(reading), *_warnings(row, seen)),
        film=film,
        lungs=picture(layers.LUNGS) if maps else None,
        maps=maps,
        film_name=_("The film"),
        sides=(_("left of the picture"), _("right of the picture")),
        hint=_hint(row, maps),
        reason=tuple(_reason(row, seen)),
        cards=tuple(_cards(row, findings, seen["bars"])),
        headings=(_("It means"), _("Its limits"), _("What to do now")),
        limits=_("Each finding has its own calibrated score from 0 to 1; the scores need not add up to 1.")
        if findings
        else "",
        identity=tuple(_identity(reading)),
        facts=tuple(_facts(reading)),
    )


def _maps(row: Mapping, picture: Callable[[str], bytes | None]) -> tuple[Map, ...]:
    found = [(layers.HEATS[one.label], one.name, one.told) for one in heat_view.maps(row)]
    if not found:  # a reading of a version that drew one map
        found = [(layers.HEAT, "", heat_view.told(row))]
    return tuple(
        Map(
            _("Heat map: %(finding)s", finding=name) if name else _("Heat map"),
            heat,
            (told.low, told.high),
            tuple(result_view.number(LEAST_CHANCE + (1 - LEAST_CHANCE) * level, 2) for level in LEVELS)
            if told.peak
            else (),
            told.empty,
        )
        for file, name, told in found
        if (heat := picture(file))
    )


def _hint(row: Mapping, maps: Sequence[Map]) -> str:
    if not maps:
        return ""
    return f"{heat_view.told(row).hint} " + _(
        "The dotted, dashed and solid black lines show the levels that are marked on the scale."
    )


def _of_trial(reading: Reading):
    if getattr(reading, "trial", False):
        yield _("A sample film, not of a patient here.")


def _warnings(row: Mapping, seen: Mapping):
    if seen["also_pneumonia"]:
        yield seen["also_pneumonia"]
    if seen["warning"] == "outside":
        yield _("Most of the heat lies outside the lungs: do not trust this reading.")
    if seen["warning"] == "aside":
        yield _("There is little heat, and most of it lies outside the lungs; the verdict is not based on it.")
    if shot := row.get("camera"):
        said = [_("Read from photographs of the film, which show less than its file.")]
        if shot["frames"] > 1:
            said.append(_("The scores are medians of %(number)s pictures.", number=shot["frames"]))
        said.append(
            _("A film viewed from the back is mirrored, and the model cannot notice it: check the side marker.")
        )
        yield " ".join(said)


def _reason(row: Mapping, seen: Mapping):
    if row["error"]:
        yield cut(row["error"], 4 * MOST_LETTERS)
    if not seen["refusal"]:
        return
    yield str(seen["refusal"][1])
    yield _("The program's message:") + f" “{cut(row['refusal']['sentence'], 4 * MOST_LETTERS)}”"
    if corrected := seen["corrected"]:
        yield f"{seen['change']} {corrected.symbol} {corrected.title}"
        yield " · ".join(f"{one.symbol} {one.words}" for one in seen["corrected_findings"])
        yield _("For orientation only: correct the film and send it again to get a reading with a heat map.")


def _cards(row: Mapping, findings: Sequence[Told], bars: Sequence[Bar]):
    for at, told in enumerate(findings):
        last = at + 1 == len(findings) or told.source != findings[at + 1].source
        bar = next((bar for bar in bars if bar.label == told.label), None)
        yield Card(told, bar, _often(told), _source(row, told) if last else "")


def _often(told: Told) -> str:
    if not told.right:
        return ""
    if told.label == "covid":
        where = _("If %(number)s of 100 people X-rayed here have COVID-19:", number=told.in_100)
    else:
        where = _("If %(number)s of 100 people X-rayed here have another pneumonia:", number=told.in_100)
    return f"{where} {told.right}"


def _source(row: Mapping, told: Told) -> str:
    """Return on whose films the figures of a finding were measured."""
    measured = told.measured
    if measured is None:
        return _("Nothing is known of how often it is right.")
    if measured.get("measured_on") == "this site":
        return _(
            "In brackets: 95 %% confidence intervals, measured on films of this site (%(site)s). They hold for "
            "patients and machines like those.",
            site=cut(row["site"]["name"]),
        )
    if measured.get("hospitals"):
        return _(
            "In brackets: 95 %% confidence intervals, measured on %(films)s films of %(hospitals)s hospitals that the "
            "model was not trained on. Each hospital counts the same. Yours may differ from all of them.",
            films=measured["films"],
            hospitals=measured["hospitals"],
        )
    # Without a value Flask-Babel leaves the two percent signs of the catalogue as they are.
    return (
        _(
            "In brackets: 95 %% confidence intervals, measured on test films of the collections that the model was "
            "made with. In a hospital that the model has never seen, it is less reliable."
        )
        % {}
    )


def _identity(reading: Reading):
    if reading.label:
        yield _("Patient label"), cut(reading.label)
        if not all(map(fonts.can_print, reading.label)):
            yield (
                _("Label by hand"),
                LINE + " " + _("(codes in brackets stand for characters that this report cannot print)"),
            )
    if reading.name:
        yield _("File"), cut(reading.name)
    yield _("Read at"), result_view.when(reading.row["time"])


def _facts(reading: Reading):
    row = reading.row
    yield from ((name, cut(value)) for name, value in facts_view.told(reading.facts))
    yield _("Model"), f"{cut(row['model']['name'])} {row['model']['sha256'][:16]}"
    yield _("Operating point"), cut(row["operating_point"]["name"])
    if row.get("site"):
        yield _("Calibration of this site"), f"{cut(row['site']['name'])} {row['site']['sha256'][:8]}"
    yield _("Program"), f"covid-xray {__version__}"
    if reading.id:
        yield _("Reading"), reading.id


def cut(text: str, most: int = MOST_LETTERS) -> str:
    """Return a text that somebody else wrote, cut where it is too long for the page."""
    return text if len(text) <= most else text[: most - 1] + "…"
