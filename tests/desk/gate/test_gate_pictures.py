"""Pictures for the gate: gathered out of packages, drawn, and films spoiled."""

import shutil
import subprocess

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from edge_app.errors import EdgeError
from edge_app.gate import picture_checks, refusal
from edge_app.imaging import lung_field, preprocess, radiograph
from edge_app.model import model_file
from tests.support.checkout import ROOT
from tests.support.films import draw_film, draw_lungs
from tests.support.golden import LUNGS
from train.gate import drawn, limits, pictures, spoiled
from train.gate.packages import PACKAGES, TAUGHT, Package

PACKAGE = Package("some-pictures", "debian", "photo", (("/plots/", "plot"), ("secret", "")))


@pytest.fixture(scope="module")
def film():
    return draw_film(5, 300, 260)


@pytest.fixture(scope="module")
def mask():
    return draw_lungs(5, 300, 260)


def scene(seed, side=120):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="Debian's own tool is not installed")
def test_a_package_is_unpacked_sorted_and_rid_of_what_is_no_use(tmp_path):
    tree = tmp_path / "tree"
    for folder in ("DEBIAN", "share/plots", "share/secret"):
        (tree / folder).mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: some-pictures\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: x\n"
    )
    scene(1).save(tree / "share" / "one.png")
    scene(1, 200).save(tree / "share" / "one larger.jpg")  # the same picture
    scene(2).save(tree / "share" / "two.gif")
    scene(3).save(tree / "share" / "plots" / "three.png")
    scene(4).save(tree / "share" / "secret" / "four.png")
    scene(5, 40).save(tree / "share" / "tiny.png")
    scene(6).resize((300, 80)).save(tree / "share" / "long.png")
    Image.new("L", (100, 100), 80).save(tree / "share" / "blank.png")
    (tree / "share" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    archive = tmp_path / "some.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, archive], check=True, capture_output=True)
    out = tmp_path / "out"
    (out / ".packages").mkdir(parents=True)
    pictures.unpack(archive, out / ".packages" / PACKAGE.name)

    made = pictures.gather(out, (PACKAGE,))

    assert made == pictures.listed(out, "test")
    assert sorted(picture.kind for picture in made) == ["photo", "photo", "plot"]
    names = sorted(picture.path[18:].lstrip("-") for picture in made)
    assert names in (["one-larger.jpg", "three.png", "two.png"], ["one.png", "three.png", "two.png"])
    assert all((out / picture.path).is_file() for picture in made)
    assert not pictures.listed(out, "train")


def test_a_folder_without_a_list_names_the_command(tmp_path):
    with pytest.raises(EdgeError, match="python -m train gate-pictures"):
        pictures.listed(tmp_path, "test")


def test_packages_are_named_once_and_lie_on_both_sides():
    names = [package.name for package in PACKAGES]
    assert len(set(names)) == len(names)
    assert set(names) >= TAUGHT
    assert {pictures.part(name) for name in names} == {"train", "test"}


@pytest.mark.parametrize("kind", drawn.KINDS)
def test_drawn_pictures_are_seeded_and_have_a_reason(kind):
    one, again = (drawn.draw(kind, np.random.default_rng(7), 200) for _ in range(2))
    assert one.shape == (200, 200)
    assert one.dtype == np.uint8
    assert (one == again).all()
    assert drawn.reason(kind) in refusal.KINDS


@pytest.mark.parametrize("kind", spoiled.KINDS)
def test_spoiled_films_are_seeded_and_have_a_reason(kind, film, mask):
    before = film.copy()
    one, again = (spoiled.spoil(kind, film, mask, np.random.default_rng(7)) for _ in range(2))
    assert (film == before).all()
    assert one.dtype == np.uint8
    assert one.flags.c_contiguous
    assert (one == again).all()
    assert one.shape != film.shape or (one != film).any()
    assert set(spoiled.reasons(kind)) <= set(refusal.KINDS)


@pytest.mark.parametrize("kind", ["upper cut", "lower cut", "one lung"])
def test_cut_films_have_lost_a_quarter_of_the_lungs(kind, film, mask):
    for seed in range(10):
        kept = spoiled.spoil(kind, mask, mask, np.random.default_rng(seed))
        assert 0.3 < np.count_nonzero(kept) / np.count_nonzero(mask) <= 0.75


def test_limits_let_good_films_through_and_catch_spoiled_ones():
    films = []
    for seed in range(12):
        field = lung_field.find(preprocess.shrink(draw_lungs(seed, 300, 260), preprocess.MASK_SIZE) / 255)
        films.append((draw_film(seed, 300, 260), field))
    found = limits.fit(films)
    rng = np.random.default_rng(9)
    for grey, field in films:
        for lungs in (None, field):
            assert picture_checks.check(grey, lungs, found)[1] is None
        for kind in ("defocused", "small", "dark", "bright"):
            _, why = picture_checks.check(spoiled.spoil(kind, grey, field.mask, rng), field, found)
            assert why.kind in spoiled.reasons(kind)
    noise = drawn.draw("white noise", rng, 300)
    assert picture_checks.check(noise, None, found)[1].kind == refusal.NOISE


def test_a_limit_lies_between_good_and_bad_ones_near_the_good():
    good, bad = np.linspace(60, 200, 1000), np.linspace(5, 20, 100)
    assert 45 < limits.limit(picture_checks.CONTRAST, good, bad) < 60
    # Where both overlap the good ones decide.
    assert limits.limit(picture_checks.CONTRAST, good, np.linspace(5, 90, 100)) == pytest.approx(60, abs=0.2)


def test_films_that_set_the_limits_are_decoded_as_the_edge_decodes_them(tmp_path):
    # A shorter side of 1,100 pixels: halved, it would still be four times that of the lung-field network.
    Image.fromarray(draw_film(2, 1100, 1150)).save(tmp_path / "film.png")
    size = model_file.read(ROOT / "models" / "covid-xray-lite0-int8.tflite").card.size
    decoded = radiograph.read(tmp_path / "film.png", preprocess.least_side(size))
    table = pd.DataFrame({"path": ["film.png", "other.png"], "split": ["train", "test"]})
    ((grey, _),) = limits.training_films(table, tmp_path, LUNGS)
    assert np.array_equal(grey, decoded)
