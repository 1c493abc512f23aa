import pandas as pd

from train.index import detectors

FILMS = pd.DataFrame(
    [
        {"source": "siim", "machine": machine, "appearance": appearance}
        for machine, appearance in [("1x1", "typical")] * 3 + [("1x1", "negative")] * 2 + [("2x2", "typical")] * 3
    ]
    + [{"source": "nih", "machine": "", "appearance": ""}]
)


def test_a_detector_is_a_machine_of_a_source():
    assert detectors.names(FILMS)[::4] == ["siim/1x1", "siim/1x1", "nih"]


def test_only_detectors_with_enough_films_of_both_kinds_can_be_left_out():
    assert detectors.with_both(FILMS, least=2) == ["siim/1x1"]
    assert detectors.with_both(FILMS, least=3) == []
    assert detectors.with_both(FILMS.iloc[:0]) == []
    assert detectors.with_both(FILMS, least=3, kinds=["typical"]) == ["siim/1x1", "siim/2x2"]
