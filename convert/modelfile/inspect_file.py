"""`python -m convert inspect FILE`: what a model file holds, and whether it is whole and made for this program."""

import io
import zipfile
from collections import Counter
from pathlib import Path

from convert.modelfile import golden_film
from convert.quantize.flatbuffer import Flatbuffer, present
from edge_app.model import model_file
from edge_app.model.card import RULES
from edge_app.model.left_out import LeftOut
from edge_app.screening.phrasing import share


def add_parser(subparsers) -> None:
    """Declare `convert inspect`."""
    parser = subparsers.add_parser("inspect", help="print what a model file holds, and check its hashes")
    parser.add_argument("file", type=Path, help="a .tflite of this project")
    parser.set_defaults(func=lambda args: print(text(args.file)) or 0)


def text(path: Path) -> str:
    """Return the card, tensors, operators, members and checks of a model file, for reading.

    Raises:
        ModelMismatch: it is damaged, not of this project, made for another preprocessing, or its golden film gets other
            scores.
    """
    whole = model_file.read(path)  # raises unless format, hashes and fingerprint are right
    card, raw = whole.card, whole.card.raw
    lines = [
        f"{path}  {path.stat().st_size / 1e6:.2f} MB",
        f"name         {card.name}",
        f"task         {raw['task']}",
        f"labels       {', '.join(card.labels)}",
        f"preprocess   contract {card.contract}, {card.size} x {card.size} pixels",
        f"runtime      {raw['minimum_runtime']} or newer",
        f"licence      {raw['licence']}",
        f"training     index {raw['training']['index_sha256'][:12]}, commit {', '.join(raw['training']['commits'])}",
        "",
    ]
    for rule in RULES:
        for label, point in card.operating_points[rule].items():
            named = ((name.replace("_", " "), dict(figure)) for name, figure in point.figures.items())
            figures = ", ".join(f"{name} {share(figure, 2)}" for name, figure in named)
            band = "" if point.unsure_from is None else f"{point.unsure_from:.3f} to "
            lines.append(f"{rule:9}    {label} from {band}{point.threshold:.3f}: {figures}")
            lines += _left_out(point.left_out) if point.left_out else []
    for name, part in (("scores", whole.scores), ("lung field", whole.lungs)):
        lines += ["", f"{name}: {len(part) / 1e6:.2f} MB", *_tensors(part), *_operators(part)]
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        members = [f"{item.filename} ({item.file_size} bytes)" for item in archive.infolist()]
    checks = [
        f"hash of the network        ok  {card.sha256[:12]}",
        f"hash of the lung field     ok  {card.lungs_sha256[:12]}",
        f"preprocessing fingerprint  ok  {card.fingerprint[:12]}",
    ]
    if whole.golden:
        checks.append(f"scores of its golden film  ok  within {golden_film.check(whole, path):.4f}")
    return "\n".join([*lines, "", f"carries: {', '.join(members)}", *checks])


def _left_out(found: LeftOut) -> list[str]:
    """Return a line for the mean of the hospitals left out of training, and one for each of them."""
    named = [(f"mean of {len(found.hospitals)} left out ({found.how})", found.pooled)]
    named += [(f"{one.name}, {one.films} films, {one.positives} with it", one.figures) for one in found.hospitals]
    return [
        f"{'':13}  {name}: " + ", ".join(f"{of.replace('_', ' ')} {share(figure, 2)}" for of, figure in figures.items())
        for name, figures in named
    ]


def _tensors(content: bytes) -> list[str]:
    """Return a line for each input and output: type, shape and quantization."""
    from ai_edge_litert.interpreter import Interpreter

    one = Interpreter(model_content=content)
    lines = []
    for way, details in (("input", one.get_input_details()), ("output", one.get_output_details())):
        for item in details:
            scale, zero_point = item["quantization"]
            shape = " x ".join(str(side) for side in item["shape"])
            step = f", scale {scale:.6g}, zero point {zero_point}" if scale else ""
            lines.append(f"  {way:7} {item['name']}: {item['dtype'].__name__} {shape}{step}")
    return lines


def _operators(content: bytes) -> list[str]:
    """Return the operators with their version and number, most first, as the flatbuffer has them."""
    counted = Counter(operators(content))
    named = [f"{name} v{version} x {count}" for (name, version), count in counted.most_common()]
    return ["  operators " + ", ".join(named)]


def operators(content: bytes) -> list[tuple[str, int]]:
    """Return (name, version) of each operator of a flatbuffer, in the order they run."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    network = Flatbuffer(content)
    # Codes from 127 on lie in a field of their own; older files fill only the first (schema.fbs, OperatorCode).
    codes = [
        (names[max(code.builtinCode, code.deprecatedBuiltinCode)], code.version)
        for code in present(network.model.operatorCodes)
    ]
    return [codes[step.opcodeIndex] for step in present(network.graph.operators)]
