"""Remove from an environment what this program never uses of its packages: `python edge_app/system/slim.py`.

Of imagecodecs' codecs films need four, of Babel's regions those of the page's languages, of pydicom-data two films, of
ReportLab's fonts none (the report brings its own), and of the tests of numpy and pynetdicom none. It takes away files
only, of the environment whose Python runs it, and may run again.
"""

import sys
import sysconfig
from pathlib import Path

# Codecs of `edge_app.imaging.jpeg` and `dicom_codecs`, and the libraries that these link.
CODECS = ("_shared", "_imagecodecs", "_jpeg8", "_jpegls", "_jpeg2k", "_imcd")
LIBRARIES = ("libjpeg-", "libcharls-", "libopenjp2-", "liblcms2-")
# The languages of edge_app/web/translations, and what Babel derives them from.
LOCALES = ("root.dat", "en.dat", "en_001.dat", "es.dat", "fr.dat")
# Of pydicom-data: the chest film that is the sample, and the leg that is refused.
FILMS = ("RG1_", "RG3_")

# numpy's tests; of pynetdicom, tests and programs of its own.
UNUSED = ("numpy/**/tests/**/*", *(f"pynetdicom/{name}/**/*" for name in ("tests", "apps", "benchmarks")))


def unused(packages: Path) -> list[Path]:
    """Return the files of a folder of packages that the program does not need."""
    found = [path for path in packages.glob("imagecodecs/*.so") if not path.name.startswith(CODECS)]
    found += [path for path in packages.glob("imagecodecs.libs/*") if not path.name.startswith(LIBRARIES)]
    found += [path for path in packages.glob("babel/locale-data/*.dat") if path.name not in LOCALES]
    found += [path for path in packages.glob("data_store/data/*") if not path.name.startswith(FILMS)]
    found += [path for path in packages.glob("reportlab/fonts/*") if path.is_file()]
    for pattern in UNUSED:
        found += [path for path in packages.glob(pattern) if path.is_file()]
    return found


def main() -> int:
    """Run the command."""
    if sys.prefix == sys.base_prefix:
        print("slim: this Python is not of a virtual environment; run it with the one of .venv-edge.", file=sys.stderr)
        return 2
    for path in unused(Path(sysconfig.get_path("platlib"))):
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
