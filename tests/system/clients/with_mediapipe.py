"""MediaPipe's `ImageClassifier`, as its documentation has it: `with_mediapipe.py MODEL FILMS.npy`.

FILMS.npy is uint8 (N, S, S, 3). Prints JSON: a list, film by film, of {label: score} in falling order of score.
"""

import json
import sys

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def main() -> None:
    """Run the command."""
    model, films = sys.argv[1:]
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model), max_results=-1)
    answers = []
    with vision.ImageClassifier.create_from_options(options) as classifier:
        for film in np.load(films):
            found = classifier.classify(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(film)))
            answers.append({item.category_name: item.score for item in found.classifications[0].categories})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
