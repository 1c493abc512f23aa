"""The same job as `edge_app bench`, done with `import tensorflow` and the H5 file: what the edge is compared with.

`python -m convert.bench.bench_tensorflow MODEL.h5 MODEL.tflite FILM... [--repeats N]` prints one JSON line; films
are read, cropped to the lungs and prepared by the edge's own functions, so only what runs the classifier differs.
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
    parser.add_argument("edge", type=Path, help="model file whose lung-field network is used")
    parser.add_argument("films", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--first", action="store_true")
    args = parser.parse_args()

    import tensorflow as tf  # the import is part of what is timed from outside

    from edge_app.diagnostics import step_times
    from edge_app.imaging import radiograph
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.screening import screening
    from edge_app.screening.result import Rejection

    model = tf.keras.models.load_model(args.model, compile=False)
    maps = tf.keras.Model(model.input, [model.output, model.get_layer("cam").output])
    infer = tf.function(lambda pixels: maps(pixels, training=False))

    class Heavy(Classifier):
        """The edge's classifier with TensorFlow in the place of the interpreter."""

        def scores(self, pixels):
            return tuple(output.numpy()[0] for output in infer(tf.constant(pixels[None], tf.float32)))

        def judge(self, pixels):
            # The embedding comes with the class maps and costs nothing; one like the training films' stands for it.
            return *self.scores(pixels), self.ood and self.ood.distance(self.ood.mean)

    classifier = Heavy(model_file.read(args.edge))
    if args.first:
        found = screening.infer(radiograph.read(args.films[0]), classifier)
        if isinstance(found, Rejection):
            raise SystemExit(f"{args.films[0]}: is refused ({found.refusal.sentence}); name a film that is judged.")
        print(json.dumps({"scores": found.scores}), flush=True)
        return 0
    rows = step_times.measure(args.films, classifier, args.repeats)
    print(json.dumps({"films": rows, "peak_memory_mb": step_times.peak_memory_mb()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
