"""`camera`: verdicts on films that are held in front of a camera."""

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_app.commands import COMMANDS, common, stored_pictures
from edge_app.commands.stored_pictures import drawer as draw
from edge_app.commands.watch import seconds

if TYPE_CHECKING:  # heavy: imported when they are used
    from edge_app.camera.loop.loop import Moment
    from edge_app.camera.ui.window import Window
    from edge_app.events.run_sink import EventSink
    from edge_app.screening.run_context import RunContext
    from edge_app.web.camera_page import CameraPage

EXAMPLES = """\
examples:
  python -m edge_app camera                                      (the Pi's camera, else the first USB camera)
  python -m edge_app camera /dev/video0 --shutter key --store
  python -m edge_app camera rtsp://camera.clinic/film --json --screen none
  python -m edge_app camera film.mp4 --json --overlays seen/
  python -m edge_app camera photographs/ --frames 1              (each picture shows another film)
  python -m edge_app cameras                                     (lists the cameras)
"""
SCREENS = ("auto", "window", "page", "none")
TURNS = (0, 90, 180, 270)


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("camera", help=COMMANDS["camera"], **common.described(COMMANDS["camera"], EXAMPLES))
    parser.add_argument(
        "camera",
        nargs="?",
        default="auto",
        metavar="CAMERA",
        help="auto, pi, a number or /dev/videoN, a video file, a folder or pattern of pictures, rtsp:// or http://",
    )
    parser.add_argument(
        "--size", type=size, default=(1280, 720), metavar="WxH", help="size of a frame in pixels (default 1280x720)"
    )
    parser.add_argument(
        "--turn", type=int, choices=TURNS, default=0, help="degrees to turn each frame clockwise (default %(default)s)"
    )
    parser.add_argument(
        "--shutter",
        choices=("auto", "key"),
        default="auto",
        help="auto judges each film once it is seen well and still; key waits for space, Return or the button",
    )
    parser.add_argument(
        "--frames",
        type=whole,
        default=5,
        metavar="N",
        help="judge a film by N frames; 1 for pictures that show each film once (default %(default)s)",
    )
    parser.add_argument("--button", metavar="PIN", help="a button between this GPIO pin and ground is a shutter too")
    parser.add_argument(
        "--screen",
        choices=SCREENS,
        default="auto",
        help="a window, a page for a browser on this machine, or none; auto is a window where there is a display",
    )
    parser.add_argument("--port", type=common.port, default=8080, help="of --screen page (default %(default)s)")
    parser.add_argument("--count", type=whole, metavar="N", help="stop after N films")
    parser.add_argument(
        "--give-up", type=seconds, metavar="SECONDS", help="stop with exit code 1 when no frame came for this long"
    )
    common.add_model(parser)
    common.add_rule(parser)
    common.add_sinks(parser)
    stored_pictures.add(parser, stored_pictures.ALL)
    common.add_lights(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.camera.capture.camera import Camera
    from edge_app.errors import CameraEnded, CameraLost, WrongUsage
    from edge_app.install import site_file
    from edge_app.service import signals
    from edge_app.service.screening_run import ScreeningRun, complain
    from edge_app.service.systemd import Service

    with Service() as service, ScreeningRun(args, camera=True, service=service, draw=draw(args.pictures)) as screening:
        import cv2

        from edge_app.camera.detect.advice import NO_FILM
        from edge_app.camera.loop.loop import Loop
        from edge_app.camera.loop.stability import MOST_HELD, STILL, Stability

        if args.frames > MOST_HELD:
            raise WrongUsage(f"--frames: is {args.frames}; 1 to {MOST_HELD} are allowed.")
        signals.install_handlers()
        if site := site_file.default():
            complain(f"{site_file.VARIABLE}: '{site}' is for films in files; photographs keep the model's thresholds.")
        cv2.setNumThreads(1)  # one film at a time: OpenCV's own threads cost more than they give
        judged, announcer = 0, Announcer(complain, screening.events)
        with Camera(args.camera, args.size, give_up=args.give_up) as camera:
            stability = Stability(args.frames, STILL if args.frames > 1 else 0)
            limits = screening.context.limits
            loop = Loop(camera, screening.networks, limits, args.shutter == "auto", args.turn, stability)
            with Controls(args, screening.context, loop.press, complain) as controls:
                service.ready()
                try:
                    for moment in loop.moments():
                        signals.obey()
                        service.alive()
                        if screening.lights:
                            said = [one.kind for one in moment.advice]
                            screening.lights.look(bool(said) and NO_FILM not in said)
                        if moment.result:
                            screening.take(moment.result)
                            judged += 1
                        announcer.tell(moment)
                        controls.show(moment)
                        if controls.left or judged == args.count:
                            break
                except CameraEnded as end:
                    complain(f"{end}" if judged else f"{str(end).rstrip('.')}; no film was judged: {announcer.last}.")
                    screening.code = screening.code or int(not judged)
                except CameraLost as lost:
                    announcer.lost(str(lost))
                    screening.code = 1
    return screening.code


class Announcer:
    """Reports advice and the camera's state on stderr when they change: advice does so at most once a second.

    Attributes:
        last: the sentence that was reported last.
    """

    def __init__(self, say: Callable[[str], object], events: "EventSink | None" = None):
        """Begin; `say` prints a sentence, and `events` is told when the camera gives no picture."""
        self.last = "nothing was in view"
        self._say, self._events = say, events

    def tell(self, moment: "Moment") -> None:
        """Report the most important sentence of a moment, if it is new."""
        from edge_app.camera.ui import screen

        if self._events:
            self._events.fault("camera", moment.status.sentence if moment.frame is None else "")
        words = screen.words(moment)[0]
        if words != self.last:
            self._say(f"camera: {words}")
            self.last = words

    def lost(self, words: str) -> None:
        """Report that the camera gives no more pictures."""
        self._say(words)
        if self._events:
            self._events.fault("camera", words)


class Controls:
    """The screen, the keys and the button of a run.

    Attributes:
        left: whether the user wants to stop.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        context: "RunContext",
        press: Callable[[], None],
        say: Callable[[str], object],
    ):
        """Open them.

        Args:
            args: of the command line: `screen`, `port` and `button`.
            context: of the run.
            press: called when the user presses the shutter.
            say: prints a sentence.
        """
        from contextlib import ExitStack

        from edge_app.camera.ui import shutter

        self.left, self._press = False, press
        self._open = ExitStack()
        self._screen: Window | CameraPage | None = None
        with self._open:  # if one of them cannot be opened, those before it are closed
            if args.button:
                self._open.callback(shutter.button(args.button, press).close)
            if args.screen == "window" or (args.screen == "auto" and has_display()):
                from edge_app.camera.ui import window

                self._screen = window.Window(context, press, self.leave)
            elif args.screen == "page":
                from edge_app.web import camera_page

                self._screen = page = camera_page.CameraPage(context, press, args.port)
                say(f"camera: open {page.address} in a browser")
            if self._screen:
                self._open.callback(self._screen.close)
            self._keys = shutter.Keys()
            self._open.callback(self._keys.close)
            self._open = self._open.pop_all()

    def __enter__(self) -> "Controls":
        return self

    def __exit__(self, *_):
        self._open.close()

    def leave(self) -> None:
        """Note that the user wants to stop."""
        self.left = True

    def show(self, moment: "Moment") -> None:
        """Show a moment, and handle the keys."""
        if self._screen:
            self._screen.show(moment)
        typed = self._keys.pressed()
        if "press" in typed:
            self._press()
        self.left = self.left or "leave" in typed


def has_display() -> bool:
    """Return whether a window can be shown: there are a display and Tk."""
    import importlib.util

    return bool(os.environ.get("DISPLAY")) and importlib.util.find_spec("tkinter") is not None


def size(text: str) -> tuple[int, int]:
    """Return the width and height of a frame, in pixels, from text such as `1280x720`."""
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdigit() and 64 <= int(side) <= 8192 for side in sides):
        raise argparse.ArgumentTypeError(f"{text!r} is not a frame size; write one such as 1280x720")
    return int(sides[0]), int(sides[1])


def whole(text: str) -> int:
    """Return a number of films or frames, 1 or more, from text."""
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 1 or more")
    return int(text)
