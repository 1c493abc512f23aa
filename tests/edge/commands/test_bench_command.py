"""`bench`, in its own process."""

import json

from PIL import Image

from tests.support.program import one_line, run


def test_bench_tells_the_steps_apart(films):
    told = json.loads(run("--json", *films, command="bench").stdout)
    assert set(told) == {"runtime", "films", "peak_memory_mb"}
    assert told["peak_memory_mb"] > 10
    assert [row["film"] for row in told["films"]] == ["clear.png", "opaque.jpg"]
    for row in told["films"]:
        assert list(row) == ["film", "decode_ms", "lungs_ms", "crop_ms", "invoke_ms"]
        for step in list(row)[1:]:
            assert 0 < row[step]["median"] <= row[step]["slowest"]


def test_bench_prints_a_table(films):
    text = run(films[0], command="bench").stdout
    head = next(line for line in text.splitlines() if line.startswith("film "))
    assert head.split()[:5] == ["film", "decode", "lungs", "crop", "invoke"]
    assert "clear.png" in text
    assert "peak memory" in text


def test_bench_of_what_cannot_be_read(tmp_path, leg):
    (tmp_path / "text.png").write_text("no picture")
    assert "is text" in one_line(run(tmp_path / "text.png", command="bench", code=2))
    Image.new("L", (300, 300)).save(tmp_path / "black.png")
    assert one_line(run(tmp_path / "black.png", command="bench", code=2)).startswith(f"{tmp_path / 'black.png'}: ")
    done = run(leg, command="bench", code=2)
    assert one_line(done).startswith(f"{leg}: no lung field is to be seen: ")
