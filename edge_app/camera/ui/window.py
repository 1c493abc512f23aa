"""The preview window, made with Tk, which comes with the desktop of Raspberry Pi OS; this OpenCV has no windows."""

import cv2
import numpy as np

from edge_app.camera.loop.loop import Moment
from edge_app.camera.ui import screen
from edge_app.errors import MissingPackage, WrongUsage
from edge_app.screening.run_context import RunContext

TITLE = "Chest film: space or Return assesses it, Esc or q ends"


class Window:
    """The live picture, and beside it the film that was judged last."""

    def __init__(self, context: RunContext, press, leave):
        """Open it.

        Args:
            context: of the run.
            press: called when the user presses the shutter.
            leave: called when the user closes the window.

        Raises:
            MissingPackage: Tk is not installed.
            WrongUsage: there is no display.
        """
        try:
            import tkinter
        except ImportError as error:
            raise MissingPackage(
                "preview window: Python's Tk is not installed; run 'sudo apt install python3-tk', or use "
                "'--screen page'."
            ) from error
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise WrongUsage(
                f"preview window: cannot be opened ({error}); use '--screen page' or '--screen none'."
            ) from error
        self._context, self._picture, self._judged = context, tkinter.PhotoImage, None
        self._root.title(TITLE)
        self._root.protocol("WM_DELETE_WINDOW", leave)
        for key, action in {"<space>": press, "<Return>": press, "<Escape>": leave, "q": leave}.items():
            self._root.bind(key, lambda _, action=action: action())
        self._live = tkinter.Label(self._root, borderwidth=0)
        self._result = tkinter.Label(self._root, borderwidth=0)
        self._button = tkinter.Button(self._root, text="Assess this film", command=press, font=("sans", 16))
        self._live.grid(row=0, column=0, sticky="n")
        self._button.grid(row=1, column=0, sticky="ew")
        self._result.grid(row=0, column=1, rowspan=2, sticky="n")

    def show(self, moment: Moment) -> None:
        """Show a moment, and handle the keys and clicks since the last one."""
        self._put(self._live, screen.live(moment))
        if moment.result:
            self._put(self._result, self._fitted(screen.judged(moment.result, self._context)))
        self._root.update()

    def close(self) -> None:
        """Close it."""
        self._root.destroy()

    def _fitted(self, pixels: np.ndarray) -> np.ndarray:
        """Return a picture shrunk to the space that the live picture leaves on the display."""
        room = (self._root.winfo_screenwidth() - screen.LIVE - 20, self._root.winfo_screenheight() - 80)
        scale = min(1.0, *(max(200, space) / side for space, side in zip(room, pixels.shape[1::-1], strict=True)))
        size = tuple(max(1, round(side * scale)) for side in pixels.shape[1::-1])
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

    def _put(self, label, pixels: np.ndarray) -> None:
        height, width = pixels.shape[:2]
        # Tk reads a PPM in memory fastest. The label must hold the picture, since Tk does not.
        label.picture = self._picture(data=b"P6 %d %d 255 " % (width, height) + pixels.tobytes())
        label.configure(image=label.picture)
