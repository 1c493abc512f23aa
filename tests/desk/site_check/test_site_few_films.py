"""A clinic with few films, or of one class, is told what they can say and what not."""

import pytest

from tests.support.clinic import MODEL, draw_site, report_of, write_labels


def test_a_tiny_site_gets_wide_intervals_and_is_told_that_they_decide_nothing(check, tmp_path):
    rows = [("a.png", "covid", 1.0, ""), ("b.png", "covid", 1.0, ""), ("c.png", "normal", 0.0, "")]
    folder = draw_site(tmp_path / "films", rows, ("path", "label"))
    out, _ = check(MODEL, folder, "--out", tmp_path / "out")
    assert "Too few to decide anything: 2 COVID-19 patients, where figures of fewer than 10 may look" in out
    numbers, _, html = report_of(tmp_path / "out")
    point = numbers["points"]["refer"]["local"]
    assert point["sensitivity"] == pytest.approx({"value": 1, "low": 0.025 ** (1 / 2), "high": 1, "n": 2})
    assert point["specificity"] == pytest.approx({"value": 1, "low": 0.025, "high": 1, "n": 1})
    assert numbers["auc"]["local"] == pytest.approx({"value": 1, "low": 0.025, "high": 1})
    assert set(numbers["points"]["refer"]["compared"].values()) == {"overlap"}
    # 0.98 of n films: the first n from which the exact interval is at most 10 points wide; by hand for 0.5.
    assert numbers["few"]["covid"]["needed_at_most"] == 402
    assert html.count("Too few to decide anything") == 2
    assert "has no column <code>patient</code>" in html


def test_few_patients_suggest_and_do_not_decide(check, tmp_path):
    rows = [(f"{i}.png", "covid", 0.0, f"{i}") for i in range(4)] + [("n.png", "normal", 0.0, "n")]
    folder = draw_site(tmp_path / "films", rows)
    check(MODEL, folder, "--out", tmp_path / "out")
    numbers, _, html = report_of(tmp_path / "out")
    assert numbers["points"]["refer"]["compared"]["sensitivity"] == "lower"
    assert "few as these patients are: check more films before anyone relies on it here." in html
    assert "misses more patients than its card says.</strong>" not in html
    assert "Too few to decide anything: 4 COVID-19 patients" in html
    assert "With fewer than 72 COVID-19 patients the threshold may have to be lower" in html
    assert "It is of no use, for it clears nobody" in html


@pytest.mark.parametrize(
    ("label", "opacity", "known", "unknown"),
    [("covid", 1.0, "sensitivity", "specificity"), ("normal", 0.0, "specificity", "sensitivity")],
)
def test_films_of_one_class_give_what_they_can(check, tmp_path, label, opacity, known, unknown):
    folder = draw_site(tmp_path / "films", [(f"{i}.png", label, opacity, f"{i}") for i in range(3)])
    check(MODEL, folder, "--out", tmp_path / "out", "--prevalence", "0.2")
    numbers, _, html = report_of(tmp_path / "out")
    assert numbers["points"]["refer"]["local"][known]["value"] == 1
    assert numbers["points"]["refer"]["local"][unknown] is None
    assert numbers["auc"]["local"] is numbers["roc"] is numbers["recalibration"] is None
    assert (numbers["threshold"] is None) == (label == "normal")
    assert "is not known: there is none here" in html


def test_a_folder_of_which_nothing_can_be_judged_still_gets_its_report(check, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    write_labels(folder / "labels.csv", [("a.png", "covid", "")])
    out, complaints = check(MODEL, folder, "--out", tmp_path / "out", code=1)
    assert len(complaints) == 1
    assert "0 films judged" in out
    numbers, rows, html = report_of(tmp_path / "out")
    assert numbers["films"]["judged"] == 0
    assert list(rows["error"]) == complaints
    assert "is text that begins" in html
