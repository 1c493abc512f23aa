"""The page of a session: self-contained, nothing in a name becomes markup, a stopped one can be read."""

import html.parser
from dataclasses import replace
from pathlib import Path

import pytest

from edge_app.errors import WrongUsage
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.model.places import Localisation
from edge_app.outputs.html_report import HtmlReport
from edge_app.outputs.table import Table
from edge_app.screening import decision, run_context
from edge_app.screening.result import Corrected, Failed, Known
from tests.support import results
from tests.support.films import draw_film
from tests.support.results import SCORES


@pytest.fixture
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer", "0.1")


def _judged(name="film.png", grey=None, inside=0.75):
    return results.judged(Path(name), "ab" * 32, found=results.inference(heat_inside=inside), ms=3.0, grey=grey)


def _refused(name="slice.png"):
    offered = Corrected("greys inverted", results.findings(decision.NORMAL), SCORES)
    words = "black & white are exchanged"
    return results.refused(Path(name), "cd" * 32, refusal.INVERTED, words, corrected=offered)


class _Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data):
        if self.tags and self.tags[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def _page(path):
    return _Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("inside", [0.2, 0.75])
def test_heat_outside_the_lungs_is_warned_of(of_run, tmp_path, capsys, inside):
    page, table = HtmlReport(tmp_path / "r.html", of_run), Table(of_run, "LiteRT")
    for sink in (page, table):
        sink.add(_judged(inside=inside))
        sink.close()
    for words in (_page(tmp_path / "r.html").text, capsys.readouterr().out):
        assert ("outside the lungs" in words) == (inside < 0.5)


def test_a_picture_has_the_words_of_its_colours_and_a_refused_one_has_none(of_run, tmp_path):
    grey = draw_film(1000, 300, 260)
    measured = {"value": 0.8, "low": 0.76, "high": 0.84}
    card = replace(of_run.card, localisation=Localisation(measured, 0.27, 0.67, 443))
    report = HtmlReport(tmp_path / "r.html", replace(of_run, card=card), images=True)
    report.add(replace(_judged(grey=grey), inference=results.inference(chances=True)))
    report.add(replace(_refused(), grey=grey))
    report.close()
    page = _page(tmp_path / "r.html")
    assert (
        page.text.count("colours: how likely a radiologist would box an opacity here (map of COVID-19), 0.5 to 1") == 1
    )
    assert page.tags.count("img") == 2
    assert "the hottest place lies in a radiologist's box on 0.80 (0.76 to 0.84) of the films" in page.text


def test_what_a_colleague_reads(of_run, tmp_path):
    report = HtmlReport(tmp_path / "r.html", of_run)
    for result in (
        _judged(),
        _refused(),
        Failed(Path("b.png"), "b.png: is damaged."),
        Known(Path("o"), _judged().row()),
    ):
        report.add(result)
    report.close()
    page = _page(tmp_path / "r.html")
    for words in (
        "not a diagnosis",
        "operating point 'refer'",
        "unsure from score 0.200",
        "covid: at prevalence 0.1, 0.769 (0.357 to 0.886) of those suspected have it (PPV)",
        "▲ covid suspected",
        "0.900",
        "75%",
        "✕ refused: inverted",
        "black & white are exchanged",
        "greys inverted, it reads: no finding suspected (COVID-19 cleared (0.900), other pneumonia cleared (0.200))",
        "! could not be read",
        "b.png: is damaged.",
        "stored before",
        "4 films, 1 of them judged before: 1 could not be read, 2 covid suspected, 1 refused: inverted.",
        "covid: 2 suspected; pneumonia: 2 cleared.",
    ):
        assert words in page.text
    assert page.tags.count("tr") == 5
    assert "img" not in page.tags
    assert page.links == []
    lines = (tmp_path / "r.html").read_text().splitlines(keepends=True)
    assert lines.count("<tr>\n") == 4 and lines[-1] == "</html>\n"


def test_pictures_only_if_asked_and_nothing_from_outside(of_run, tmp_path):
    film = draw_film(1000, 300, 260)
    for images in (True, False):
        report = HtmlReport(tmp_path / "r.html", of_run, images=images)
        report.add(_judged(grey=film))
        report.close()
        page = _page(tmp_path / "r.html")
        assert page.tags.count("img") == images
        assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
        assert "http" not in (tmp_path / "r.html").read_text()


def test_a_name_is_never_markup(of_run, tmp_path):
    report = HtmlReport(tmp_path / "r.html", of_run)
    report.add(_judged("<script>alert(1)</script>.png"))
    report.add(_judged('"><img src=x onerror=alert(1)>\x1b[31m.png'))
    report.close()
    page = _page(tmp_path / "r.html")
    assert page.tags.count("script") == 1  # our own
    assert "img" not in page.tags
    assert "<script>alert(1)" in page.text
    assert "\x1b" not in (tmp_path / "r.html").read_text()


def test_a_stopped_page_can_be_read(of_run, tmp_path):
    report = HtmlReport(tmp_path / "r.html", of_run)
    for number in range(3):
        report.add(_judged(f"{number}.png"))
        assert _page(tmp_path / "r.html").text.count("▲ covid suspected") == number + 1
    assert _page(tmp_path / "r.html").tags.count("tr") == 4
    report.close()


def test_no_names(of_run, tmp_path):
    report = HtmlReport(tmp_path / "r.html", of_run)
    report.add(Known("", _judged().row() | {"path": ""}))
    report.close()
    assert "film.png" not in (tmp_path / "r.html").read_text()


def test_a_file_that_cannot_be_written(of_run, tmp_path):
    with pytest.raises(WrongUsage, match=r"--report: '.*' cannot be written"):
        HtmlReport(tmp_path / "no" / "r.html", of_run)


def test_a_session_writes_page_and_pictures(tmp_path):
    """By the program itself, with and without names."""
    import subprocess
    import sys

    from PIL import Image

    from tests.support.golden import GOLDEN

    (tmp_path / "ward").mkdir()
    for number in range(3):
        film = Image.fromarray(draw_film(1000 + number, 300, 260, opacity=number % 2))
        film.save(tmp_path / "ward" / f"patient-{number}.png")
    (tmp_path / "ward" / "patient-x.png").write_text("no picture")
    for words, named in (([], True), (["--no-paths"], False)):
        flags = ["--overlays", tmp_path / "pictures", "--report", tmp_path / "r.html", "--report-images", *words]
        line = [sys.executable, "-m", "edge_app", "classify", tmp_path / "ward", "--model", GOLDEN / "tiny-int8.tflite"]
        done = subprocess.run(
            list(map(str, [*line, *flags])), cwd=GOLDEN.parents[1], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1, done.stderr
        page = _page(tmp_path / "r.html")
        assert page.tags.count("img") == 3
        assert ("patient-" in page.text) == named
        made = sorted(path.name for path in (tmp_path / "pictures").iterdir())
        assert len(made) == 3
        assert all(name.startswith("patient-" if named else "film-") for name in made)
        for path in (tmp_path / "pictures").iterdir():
            path.unlink()


def test_jinja2_is_imported_only_for_a_report(tmp_path):
    """A session without a report starts without it: its import takes a tenth of a second on a Pi."""
    import subprocess
    import sys

    from PIL import Image

    from tests.support.golden import GOLDEN

    Image.fromarray(draw_film(1000, 300, 260)).save(tmp_path / "film.png")
    code = "import sys; from edge_app.commands import cli; cli.main(sys.argv[1:]); print('jinja2' in sys.modules)"
    line = [sys.executable, "-c", code, "classify", str(tmp_path), "--model", str(GOLDEN / "tiny-int8.tflite")]
    for words, imported in (([], "False"), (["--report", str(tmp_path / "r.html")], "True")):
        done = subprocess.run([*line, *words], cwd=GOLDEN.parents[1], capture_output=True, text=True, timeout=60)
        assert done.stdout.splitlines()[-1] == imported, done.stderr
