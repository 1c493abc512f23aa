"""What the documents say in sentences and tables is what the records beside the models hold, figure by figure."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from edge_app.screening.phrasing import share
from tests.support.checkout import ROOT

RADIOGRAPHY, WITHIN = "COVID-19_Radiography_Dataset", "covid-chestxray-dataset"
GATE, SHORT_GATE, AUDIT, CAMERA, LUNGS = (
    json.loads((ROOT / f"models/{name}.json").read_text())
    for name in ("lite0-gate", "short-gate", "lite0-audit", "lite0-camera", "lung-field-int8")
)
# Figures of README's first screen and of "What it is worth" that no record beside the models holds: the disease's name,
# the aims, the level of intervals, "under 1 MB", and what was measured once: networks of whole films, three hospitals.
WITHOUT_RECORD = {"19", "0.80", "0.90", "0.95", "95", "1", "0.986", "0.892", "344", "18", "96"}


def rounded(value: float, digits: int) -> str:
    """Return a share with `digits` decimals, halves up, as a person rounds what a record says."""
    exact = Decimal(repr(round(value, 9)))
    return str(exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def percent(value: float, digits: int = 0) -> str:
    return rounded(100 * value, digits)


def counted(rate: dict) -> int:
    return round(rate["value"] * rate["n"])


def plain(name: str) -> str:
    """Return a document in one line, each run of white space a single space."""
    return re.sub(r"\s+", " ", (ROOT / name).read_text())


def of_the_gate() -> list[str]:
    found = {group: GATE["figures"][group]["all"] for group in ("films", "pictures", "drawn", "spoiled films")}
    refused = {group: rate["refused"] for group, rate in found.items()}
    assert counted(refused["drawn"]) == refused["drawn"]["n"]
    return [
        f"{counted(refused['pictures']):,} of {refused['pictures']['n']:,} ordinary pictures, all"
        f" {refused['drawn']['n']:,} drawn ones, {percent(refused['spoiled films']['value'], 1)} % of chest films",
        f"and {counted(refused['films'])} of {refused['films']['n']} good chest films",
        f"right kind in {percent(found['pictures']['right']['value'], 1)} % of the pictures and"
        f" {percent(found['spoiled films']['right']['value'], 1)} % of the spoiled films",
    ]


def of_the_audit() -> list[str]:
    never, within = AUDIT["without"]["sources"], AUDIT["crossfit"]["sources"][WITHIN]["auc"]
    first, second = (rounded(never[source]["auc"]["value"], 2) for source in (RADIOGRAPHY, WITHIN))
    black = AUDIT["blackout"]
    return [
        f"its AUC there was {first} and {second}",
        f"the AUC of its recipe there was {first} ({RADIOGRAPHY}) and {second} ({WITHIN})",
        f"it was {share(within, 3)} for patients never seen",
        f"its AUC of {rounded(black['as it is']['all']['auc']['value'], 3)} fell to"
        f" {rounded(black['lungs blacked out']['all']['auc']['value'], 3)}",
    ]


def _lost(renderer: str, digits: int = 3) -> list[str]:
    return [rounded(one["auc"]["lost"]["value"], digits) for one in CAMERA["renderers"][renderer].values()]


def _hopeless() -> tuple[int, int]:
    """Return (photographs that nobody could read, those of them that were judged)."""
    refused = [group["refused"] for group in CAMERA["hopeless"].values()]
    total = sum(one["n"] for one in refused)
    return total, total - sum(map(counted, refused))


def of_photographs() -> list[str]:
    one, two, three = _lost("simulator")
    total, judged = _hopeless()
    least, _, most = sorted(_lost("second renderer"))
    return [
        f"simulated photographs of {CAMERA['films']} test films lose {one}, {two} and {three} of AUC at three"
        f" severities ({least} to {most} in photographs by other means), and of {total} that nobody could read"
        f" {judged} were judged",
    ]


def of_the_camera_page() -> list[str]:
    first, second = CAMERA["renderers"]["simulator"], CAMERA["renderers"]["second renderer"]
    one, two, three = _lost("simulator")
    outlines = [[rounded(found["outline"]["value"], 2) for found in renderer.values()] for renderer in (first, second)]
    half = CAMERA["hopeless"]["half out of view"]["refused"]
    others = _lost("second renderer")
    return [
        f"{CAMERA['films']} test films lose {one}, {two} and {three} of AUC at the three severities, and {others[0]},"
        f" {others[1]} and {others[2]} in the other's photographs",
        f"in {outlines[0][0]}, {outlines[0][1]} and {outlines[0][2]} ({', '.join(outlines[1])})",
        f"but {half['n'] - counted(half)} of {half['n']} that showed half a film",
    ]


def of_the_model_card() -> list[str]:
    lungs = LUNGS["int8"]["test"]
    audit, films = AUDIT["crossfit"]["sources"][WITHIN], AUDIT["test"]["all"]
    black, sources = AUDIT["blackout"], AUDIT["source_classifier"]
    kept, plain_run = sources["this run"], next(value for name, value in sources.items() if "plain" in name)
    never, calibration = AUDIT["without"], AUDIT["calibration"]
    cleared = {source: percent(one["specificity"]["value"]) for source, one in never["sources"].items()}
    controls = {name: rounded(one["test"]["value"], 3) for name, one in AUDIT["controls"].items()}
    gap = black["lungs blacked out"]["all"]
    return [
        f"{lungs['films']} test films with a drawn mask",
        f"median IoU {rounded(lungs['median_iou'], 3)}, mean {rounded(lungs['mean_iou'], 3)}, least"
        f" {rounded(lungs['least_iou'], 3)}; lungs found on all",
        f"{audit['positives']} COVID-19 against its {audit['n'] - audit['positives']} other films, out of fold: AUC"
        f" | 0.80 | **{share(audit['auc'], 3)}, missed**",
        f"over the two that hold it | 0.80 | **{share(never['macro_covid'], 3)}, missed**",
        *(f"`{name}`: AUC | | {share(never['sources'][name]['auc'], 3)}" for name in (RADIOGRAPHY, WITHIN)),
        f"all test films, sensitivity | 0.95 | {share(films['sensitivity'], 3)}",
        f"all test films, specificity there | 0.90 | **{share(films['specificity'], 3)}, missed**",
        f"{share(gap['gap'], 3)}: {rounded(black['as it is']['all']['auc']['value'], 3)} falls to"
        f" {rounded(gap['auc']['value'], 3)}",
        f"over four | below plain training | {share(kept['all'], 3)}; whole films {share(plain_run['all'], 3)}",
        f"of two | | {share(kept['covid'], 3)}; whole films {share(plain_run['covid'], 3)}",
        f"| {share(calibration['after']['ece'], 3)}; within `{WITHIN}`"
        f" {rounded(calibration['sources'][WITHIN]['ece']['value'], 3)}",
        f"whole film {controls['whole film']}, everything but the lungs {controls['lungs blacked out']}, outer border"
        f" alone {controls['outer border only (12%)']}, grey histogram {controls['grey histogram, 64 bins']}, a"
        f" thumbnail of 16 x 16 {controls['thumbnail, 16 x 16']}",
        f"{percent(black['box round the lungs blacked out']['all']['called']['value'], 1)} % (lungs alone black:"
        f" {percent(gap['called']['value'])} %)",
        f"{cleared['chest_xray']} of 100 films of `chest_xray` and",
        f"and {cleared['nih-chest-xrays']} of 100 of `nih-chest-xrays` are cleared",
    ]


def of_the_gates_table() -> list[str]:
    """Return the table of what the gate refuses, by both networks."""
    rows = {
        "frontal chest films of test patients (aim: at most 0.02)": ("films", "all"),
        "ordinary pictures of packages that gave no training picture (aim: 0.99, right 0.90)": ("pictures", "all"),
        "... at least 128 pixels on both sides": ("pictures", "large enough"),
        "pictures drawn by program: pages, code, windows, plots, noise, gradients, blanks": ("drawn", "all"),
        "test films spoiled: turned, inverted, dark, bright, blurred, small, cut, on a page": ("spoiled films", "all"),
        "CT slices of test patients": ("other views", "CT"),
        "lateral views of test patients": ("other views", "lateral view"),
    }
    found = []
    for title, (group, part) in rows.items():
        cells = [title, str(GATE["figures"][group][part]["refused"]["n"])]
        for record in (GATE, SHORT_GATE):
            rate = record["figures"][group][part]
            # No reason is the right one for refusing a good film.
            cells += [share(rate["refused"], 3), "" if group == "films" else share(rate["right"], 3)]
        found.append(re.sub(r"\s+", " ", f"| {' | '.join(cells)} |"))
    return found


README = [*of_the_gate(), *of_the_audit(), *of_photographs()]
CLAIMS = [
    *(("README.md", claim) for claim in README),
    *(("docs/camera.md", claim) for claim in of_the_camera_page()),
    *(("models/README.md", claim) for claim in [*of_the_model_card(), *of_the_gates_table()]),
]


@pytest.mark.parametrize(("document", "claim"), CLAIMS, ids=lambda text: text[:50])
def test_the_document_says_what_the_record_holds(document, claim):
    assert claim in plain(document)


def test_no_other_figure_stands_in_what_it_is_worth():
    text = (ROOT / "README.md").read_text()
    first = text[: text.index("| you are |")]
    worth = text[text.index("## What it is worth") : text.index("## What the verdicts mean")]
    # The table is compared as a whole elsewhere; names and links hold digits too.
    prose = re.sub(r"```.*?```|^\|.*$|\]\([^)]*\)|`[^`]*`", "", first + worth, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"\s+", " ", prose)
    for claim in sorted(README, key=len, reverse=True):
        prose = prose.replace(claim, "")
    assert set(re.findall(r"\d+(?:[.,]\d+)*", prose)) <= WITHOUT_RECORD
