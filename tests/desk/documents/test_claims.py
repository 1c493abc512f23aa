"""What the documents say in sentences and tables is what the records beside the models hold, figure by figure."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from edge_app.screening.phrasing import share
from tests.support.checkout import ROOT
from train.audit import facts
from train.audit.ablations import HULL_OUT, LUNGS_OUT
from train.audit.blackout import AS_IT_IS

SIIM, RADIOGRAPHY, HOSPITAL, NIH = (
    "siim-covid19-detection",
    "COVID-19_Radiography_Dataset",
    "covid-chestxray-dataset",
    "nih-chest-xrays",
)
GATE, SHORT_GATE, AUDIT, CAMERA, LUNGS = (
    json.loads((ROOT / f"models/{name}.json").read_text())
    for name in ("lite0-gate", "short-gate", "lite0-audit", "lite0-camera", "lung-field-int8")
)
# Figures of README's first screen and of "What it is worth" that no record beside the models holds: the disease's name,
# the aims, the level of intervals, and "under 1 MB".
WITHOUT_RECORD = {"19", "95", "1"}


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
        f"and {counted(refused['films'])} of {refused['films']['n']:,} good chest films",
        f"right kind in {percent(found['pictures']['right']['value'], 1)} % of the pictures and"
        f" {percent(found['spoiled films']['right']['value'], 1)} % of the spoiled films",
    ]


def elsewhere(source: str, view: str = "all views") -> dict:
    """Return what the audit found of a source that the network never learnt from."""
    return AUDIT["other_sources"][source]["views"][view]


def row_of(name: str, figures: dict, sick: str, healthy: str) -> str:
    """Return the row of README's table of hospitals left out.

    Args:
        name: in the first column.
        figures: `n`, and by kind of film the shares of each answer.
        sick, healthy: the kinds.
    """
    of = figures["verdicts"]
    kept = share(of[sick]["kept"], 2) if sick in of else ""
    well = [share(of[healthy][answer], 2) for answer in ("cleared", "covid")]
    return f"| {' | '.join([name, str(figures['n']), kept, *well, share(of['all films']['unsure'], 2)])} |"


def of_hospitals() -> list[str]:
    """Return the table of hospitals left out of training."""
    mean, detectors = AUDIT["detectors"]["mean"], AUDIT["detectors"]["detectors"]
    means = [share(mean[name], 2) for name in ("typical_kept", "negative_cleared", "negative_covid", "unsure")]
    films = sum(one["films"] for one in detectors.values())
    adults = "healthy adults"
    return [
        f"| {len(detectors)} detectors of SIIM, each by a training without it: mean | {films} | {' | '.join(means)} |",
        row_of(RADIOGRAPHY, elsewhere(RADIOGRAPHY), "covid", adults),
        row_of(HOSPITAL, elsewhere(HOSPITAL), "covid", adults),
        row_of(f"{NIH}, PA", elsewhere(NIH, "PA"), "covid", adults),
        row_of(f"{NIH}, AP", elsewhere(NIH, "AP"), "covid", adults),
    ]


def of_the_audit() -> list[str]:
    places, auc, black = AUDIT["localisation"], AUDIT["appearance"]["auc"], AUDIT["blackout"]
    left = {name: rounded(black[name]["typical"]["auc"]["value"], 2) for name in (LUNGS_OUT, HULL_OUT, AS_IT_IS)}
    adults = {
        name: elsewhere(source)["verdicts"]["healthy adults"] for name, source in (("a", RADIOGRAPHY), ("b", NIH))
    }
    kept = {
        name: elsewhere(source)["verdicts"]["covid"]["kept"] for name, source in (("a", RADIOGRAPHY), ("b", HOSPITAL))
    }
    return [
        f"of 100 healthy adults it cleared {percent(adults['a']['cleared']['value'])} in one collection and"
        f" {percent(adults['b']['cleared']['value'])} in another, and called {percent(adults['a']['covid']['value'])}"
        f" and {percent(adults['b']['covid']['value'])} COVID-19; of 100 patients with COVID-19 it suspected or"
        f" referred {percent(kept['a']['value'])} and {percent(kept['b']['value'])}",
        f"the AUC of typical against negative films is {share(auc['typical against negative'], 2)}, of any opacity"
        f" against none {share(auc['any opacity against negative'], 2)}",
        f"the mean is {share(AUDIT['detectors']['mean']['auc'], 2)}",
        f"its AUC of {left[AS_IT_IS]} falls to {left[LUNGS_OUT]} with the lungs blacked out, and to {left[HULL_OUT]}"
        " with all between them blacked out too",
        f"on {share(places['hottest_in_box'], 2)} of {places['films']} suspected test films; the best place that is the"
        f" same for everybody does on {rounded(places['best_fixed_place'], 2)}, a random one on"
        f" {rounded(places['random_place'], 2)}",
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


def of_the_aims_of_photographs() -> list[str]:
    """Return the sentence on the camera's aims: each is met, or the card says where it is missed and by how much."""
    first, second = CAMERA["renderers"]["simulator"], CAMERA["renderers"]["second renderer"]
    aims = {
        "outlines 0.95, 0.90 and 0.75": [
            (first[at]["outline"]["value"], at)
            for at, least in (("1", 0.95), ("2", 0.90), ("3", 0.75))
            if first[at]["outline"]["value"] < least
        ],
        "at most 0.02, 0.04 and 0.08 of AUC lost": [
            (first[at]["auc"]["lost"]["value"], at)
            for at, most in (("1", 0.02), ("2", 0.04), ("3", 0.08))
            if first[at]["auc"]["lost"]["value"] > most
        ],
        "the second renderer's AUC within 0.03 of the first's": [
            (apart, at)
            for at in first
            if (apart := abs(first[at]["auc"]["photographs"] - second[at]["auc"]["photographs"])) > 0.03
        ],
    }
    said = []
    for aim, missed in aims.items():
        how = " and ".join(f"{rounded(value, 3)} at severity {at}" for value, at in missed)
        said.append(f"{aim} (missed: {how})" if missed else f"{aim} (met)")
    return [f"Aims of the whole way: {'; '.join(said)}."]


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
    lungs, run = LUNGS["int8"]["test"], LUNGS["run"]["films"]
    falls = AUDIT["localisation"]["deletion"]
    controls = {name: rounded(one["test"]["value"], 3) for name, one in AUDIT["controls"].items()}
    only = AUDIT["blackout"]["lungs only"]["typical"]["auc"]
    return [
        facts.table(AUDIT),
        f"{lungs['films']} test films with a drawn mask",
        f"median IoU {rounded(lungs['median_iou'], 3)}, mean {rounded(lungs['mean_iou'], 3)}, least"
        f" {rounded(lungs['least_iou'], 3)}; lungs found on all",
        f"({run['train']} training films), then anew from these and {run['own']:,} training films",
        f"learnt from {run['kinds']['frontal']:,} frontal films",
        f"all but the lungs blacked out {rounded(only['value'], 3)}",
        f"the hottest place falls by {rounded(falls['hottest']['value'], 2)} logits, another in the lungs by"
        f" {rounded(falls['in the lungs']['value'], 2)}, one outside by {rounded(falls['outside']['value'], 2)}",
        f"whole film {controls['whole film']}, everything but the lungs {controls[LUNGS_OUT]}, outer border"
        f" alone {controls['outer border only (12%)']}, grey histogram {controls['grey histogram, 64 bins']}, a"
        f" thumbnail of 16 x 16 {controls['thumbnail, 16 x 16']}",
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
        "films of other parts of test patients": ("other views", "not a chest"),
        "good test films with frames or with black corners or sides": ("framed films", "all"),
    }
    found = []
    for title, (group, part) in rows.items():
        cells = [title, str(GATE["figures"][group][part]["refused"]["n"])]
        for record in (GATE, SHORT_GATE):
            rate = record["figures"][group][part]
            # No reason is the right one for refusing a good film.
            cells += [share(rate["refused"], 3), "" if group in ("films", "framed films") else share(rate["right"], 3)]
        found.append(re.sub(r"\s+", " ", f"| {' | '.join(cells)} |"))
    return found


OF_THE_CARD = [*of_the_model_card(), *of_the_gates_table(), *of_the_aims_of_photographs()]
README = [*of_the_gate(), *of_the_audit(), *of_hospitals(), *of_photographs()]
CLAIMS = [
    *(("README.md", claim) for claim in README),
    *(("docs/camera.md", claim) for claim in of_the_camera_page()),
    *(("models/README.md", claim) for claim in OF_THE_CARD),
]


@pytest.mark.parametrize(("document", "claim"), CLAIMS, ids=lambda text: text[:50])
def test_the_document_says_what_the_record_holds(document, claim):
    assert re.sub(r"\s+", " ", claim) in plain(document)


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
