"""The same job as `edge_app bench`, done with `import tensorflow` and the H5 file: what the edge is compared with.

`python -m convert.bench_tensorflow MODEL.h5 FILM... [--repeats N]` prints one JSON line; films are read and
preprocessed by the edge's own functions, so only the runtime differs.
With `--first` it stops after the first film's scores.
"""

import argparse
import json
import sys
from pathlib import Path


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("films", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--first", action="store_true")
    args = parser.parse_args()

    import tensorflow as tf  # the import is part of what is timed from outside

    from edge_app import bench

    model = tf.keras.models.load_model(args.model, compile=False)
    size = model.input.shape[1]
    infer = tf.function(lambda pixels: model(pixels, training=False))

    def score(pixels):
        return infer(tf.constant(pixels[None], tf.float32)).numpy()[0]

    if args.first:
        from train.pixels import read_film

        print(json.dumps({"scores": [float(value) for value in score(read_film(args.films[0], size))]}), flush=True)
        return 0
    rows = bench.measure(args.films, size, score, args.repeats)
    print(json.dumps({"films": rows, "peak_memory_mb": bench.peak_memory_mb()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
