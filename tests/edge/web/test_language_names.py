"""Which languages the page offers: those of its catalogues whose dates and names the environment has."""

from edge_app.web.text import languages


def test_a_language_without_data_is_left_out(tmp_path):
    for code in ("fr", "xx"):
        catalogue = tmp_path / code / "LC_MESSAGES/messages.mo"
        catalogue.parent.mkdir(parents=True)
        catalogue.write_bytes(b"")
    assert languages.names(tmp_path) == {"en": "English", "fr": "Français"}
