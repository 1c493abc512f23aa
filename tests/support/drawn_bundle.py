"""An offline bundle of the program, drawn: what its installer makes runs this very program."""

import io
import json
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Makes an environment that finds the packages of the one that runs the tests, in place of 65 megabytes of wheels.
INSTALL = """
import subprocess, sys
from pathlib import Path
target = Path(sys.argv[sys.argv.index("--prefix") + 1])
subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", target], check=True)
(site,) = target.glob("lib/python*/site-packages")
(site / "here.pth").write_text({lines!r})
{more}
"""
LINES = "\n".join([next(path for path in sys.path if path.endswith("site-packages")), str(ROOT), ""])


def archive(path: Path, version: str, more: str = "", **files: bytes) -> Path:
    """Draw a bundle."""
    files = {
        "bundle.json": json.dumps({"version": version}).encode(),
        "install.py": INSTALL.format(lines=LINES, more=more).encode(),
        **files,
    }
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(f"bundle-{version}/{name}" if ".." not in name else name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path
