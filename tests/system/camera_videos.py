"""`python -m tests.system.camera_videos MODEL FILM...`: what the camera makes of videos of films, against their files.

Each film is shown in every scene of `tests.support.hand_camera` at every rate, in turn hand-held and on a tripod. MODEL
is a model file with a part for cameras. The exit code is 1 if fewer than 0.9 of the videos get a verdict, or fewer than
0.9 of the verdicts are that of the film's file, or unsure.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2

from edge_app.camera.capture.camera import Camera
from edge_app.camera.loop.loop import Loop
from edge_app.errors import CameraEnded, EdgeError
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.decision import REFUSED, UNSURE
from tests.support import hand_camera

RATES, LEAST = (15.0, 25.0, 30.0, 60.0), 0.9
# Seconds of a video: the camera comes near, sets its exposure, and is held for as long as a person has patience.
HAND, TRIPOD = 4.0, 3.0


class Told(NamedTuple):
    """What was told of one video: its film, scene and rate, the file's verdict and the camera's, None without one."""

    film: str
    scene: str
    rate: float
    tripod: bool
    file: str
    camera: str | None
    why: str

    @property
    def judged(self) -> bool:
        """Whether the camera gave a verdict; a refusal is none."""
        return self.camera not in (None, REFUSED)

    @property
    def agrees(self) -> bool:
        """Whether the verdict is the file's, or unsure."""
        return self.camera in (self.file, UNSURE)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.camera_videos", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("films", type=Path, nargs="+", metavar="FILM")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--scenes", nargs="+", choices=hand_camera.SCENES, default=hand_camera.SCENES)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    told = []
    try:
        for one in verdicts(args.model, args.films, args.scenes, args.rates):
            told.append(one)
            held = "tripod" if one.tripod else "hand"
            print(f"{one.film}, {one.scene}, {one.rate:g} fps, {held}: {one.file} / {one.camera} {one.why}", flush=True)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    judged = [one for one in told if one.judged]
    share, agree = len(judged) / len(told), sum(one.agrees for one in judged) / max(len(judged), 1)
    print(f"{len(told)} videos: a verdict on {share:.2f}; of those the file's, or unsure: {agree:.2f}")
    for name in args.scenes:
        of_scene = [one for one in told if one.scene == name]
        print(f"  {name}: {sum(one.judged for one in of_scene)} of {len(of_scene)}")
    return int(share < LEAST or agree < LEAST)


def verdicts(model: Path, films: list[Path], scenes, rates) -> Iterator[Told]:
    """Yield what the camera tells of each video.

    Raises:
        EdgeError: the model cannot be used, or a film cannot be read.
    """
    of_file = model_file.read(model)
    files, camera = Classifier(of_file, 1), Classifier(of_file.for_camera(), 1)
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(films):
            grey = radiograph.read(path, preprocess.least_side(files.card.size))
            verdict = screening.judge(grey, files, files.card.limits("refer")).verdict
            for at, (scene, rate) in enumerate(itertools.product(scenes, rates)):
                tripod, seed = bool((number + at) % 2), 1000 * number + at
                shown = hand_camera.scene(scene, grey, seed)
                pictures = hand_camera.frames(shown, rate, TRIPOD if tripod else HAND, tripod, seed)
                video = hand_camera.video(Path(folder) / "film.mp4", pictures, rate)
                found, why = first_verdict(video, camera)
                yield Told(path.name, scene, rate, tripod, str(verdict), found, why)


def first_verdict(video: Path, classifier: Classifier) -> tuple[str | None, str]:
    """Return the verdict on the first film of a video, None if there is none, and why it was refused or not judged."""
    said = ""
    with Camera(str(video)) as camera:
        try:
            for moment in Loop(camera, classifier, classifier.card.limits("refer")).moments():
                said = moment.advice[0].sentence if moment.advice else ""
                if moment.result:
                    verdict = getattr(moment.result, "verdict", None)
                    return verdict, "" if verdict not in (None, REFUSED) else said
        except CameraEnded:
            pass
    return None, said


if __name__ == "__main__":
    sys.exit(main())
