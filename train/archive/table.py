"""The table: results as partitioned Parquet, films that could not be judged in a table of their own.

    TABLE/results/key=K/NAME.parquet    one row a film that has a verdict or was refused
    TABLE/failed/key=K/NAME.parquet     one row a film that could not be read or judged, `error` says why
    TABLE/runs/K.json                   the model, the operating point and the site's calibration that K stands for
    TABLE/staging/RUN/...               what workers have written and the driver has not taken; of no use to anybody

A part is written whole by a worker, and the driver alone gives it its name among the results, once: whoever is killed
when, no film is there twice, and none is lost that was there.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from edge_app.imaging import dicom_facts
from edge_app.outputs import csv_file

if TYPE_CHECKING:
    import pyarrow as pa

RESULTS, FAILED, RUNS, STAGING = "results", "failed", "runs", "staging"
# Columns of `classify --csv` that are not numbers of floating point.
INTEGERS = ("schema", "camera_frames")
FLAGS = ("stored",)
TEXTS = (
    *("path", "sha256", "time", "verdict", "refusal_kind", "refusal_sentence", "corrected_change", "corrected_verdict"),
    *("error", "copy_of", "camera", "model_name", "model_sha256", "operating_point", "notice", "site", "site_sha256"),
    *("finding_covid", "finding_pneumonia", "heat_label", "replaces"),
)
FOLDER, STAMP = "film_folder", "stamp"
# Rows that share a group's statistics; a part has fewer.
ROW_GROUP = 4096


def key(context: Mapping) -> str:
    """Return the partition of what verdicts depend on besides the film: model, operating point, site's calibration.

    Args:
        context: of `RunContext.row`.
    """
    site = context["site"] or {}
    words = (context["model"]["sha256"], context["operating_point"]["name"], site.get("sha256") or "")
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def cells(line: Mapping, labels: Iterable[str], folder: str, stamp: bytes) -> dict:
    """Return a row of the table: the columns of `classify --csv`, facts of the header, the folder and the stamp."""
    row = csv_file.cells(dict(line), tuple(labels))
    row |= {f"film_{name}": line["facts"].get(name) for name in dicom_facts.NAMES}
    return {name: _text(cell) for name, cell in row.items()} | {FOLDER: _text(folder), STAMP: stamp}


def schema(labels: Iterable[str], context: Mapping) -> "pa.Schema":
    """Return the columns of both tables and their types.

    Args:
        labels: of the model's scores.
        context: of `RunContext.row`.
    """
    import pyarrow as pa

    nothing = dict.fromkeys(("findings", "refusal", "corrected", "scores", "lungs", "camera"))
    names = csv_file.cells({**nothing, **context}, tuple(labels))
    types = {name: _type(pa, name) for name in names}
    types |= {f"film_{name}": pa.string() for name in dicom_facts.NAMES}
    return pa.schema([*types.items(), (FOLDER, pa.string()), (STAMP, pa.binary(16))])


def part(rows: list[dict], columns: "pa.Schema") -> bytes:
    """Return rows of `cells` as a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    out = io.BytesIO()
    whole = pa.Table.from_pylist(rows, columns)
    parquet.write_table(whole, out, compression="zstd", row_group_size=ROW_GROUP)
    return out.getvalue()


def name_of(stamps: Iterable[bytes]) -> str:
    """Return the name of a part, by the films in it."""
    return hashlib.blake2b(b"".join(stamps), digest_size=12).hexdigest() + ".parquet"


def staged(run: str, kind: str, name: str) -> str:
    """Return where a worker writes a part; `kind` is RESULTS or FAILED."""
    return f"{STAGING}/{run}/{kind}/{name}"


def final(kind: str, key: str, name: str) -> str:
    """Return where a part belongs."""
    return f"{kind}/key={key}/{name}"


def run_file(key: str, context: Mapping) -> tuple[str, bytes]:
    """Return the name and the content of the file that says what a key stands for."""
    return f"{RUNS}/{key}.json", f"{json.dumps(dict(context), indent=1)}\n".encode()


def _type(pa, name: str):
    if name in INTEGERS:
        return pa.int64()
    if name in FLAGS:
        return pa.bool_()
    return pa.string() if name in TEXTS else pa.float64()


def _text(cell):
    """Return a cell as it is, or text that is UTF-8 whatever bytes a name has."""
    return cell.encode("utf-8", "backslashreplace").decode() if isinstance(cell, str) else cell
