"""Names of what was measured, of the camera's advice and of the doctor's checks, in the reader's language."""

from flask_babel import lazy_gettext as _l

from edge_app.camera.detect import advice
from edge_app.camera.detect import frame_quality as frame
from edge_app.gate import picture_checks as picture

# By name of a `gate.Check`.
CHECKS = {
    "another kind of picture": _l("Chance that it is another kind of picture"),
    "lungs cut off": _l("Chance that the lungs are cut off"),
    "distance from the training films": _l("Distance from the training films"),
    picture.CONTRAST: _l("Grey levels spanned"),
    picture.NEIGHBOURS: _l("Likeness of neighbouring points (noise)"),
    picture.MIDDLE_BLACK: _l("Black in the middle"),
    picture.MIDDLE_WHITE: _l("White in the middle"),
    picture.EMPTY: _l("Empty on one side"),
    picture.LUNGS_BLACK: _l("Black in the lungs"),
    picture.LUNGS_WHITE: _l("White in the lungs"),
    picture.SHARPNESS: _l("Sharpness of the lungs"),
}

# By name of a figure of `camera.frame_quality`.
QUALITY = {
    frame.PIXELS: _l("Width of the film in the picture, in pixels"),
    frame.TILT: _l("Tilt"),
    frame.SPAN: _l("Grey levels spanned"),
    frame.DARK: _l("Share too dark"),
    frame.WHITE: _l("Share burnt out"),
    frame.GLARE: _l("Glare"),
    frame.SHADOW: _l("Shadow"),
    frame.SHARPNESS: _l("Sharpness"),
    frame.MOIRE: _l("Stripes of a screen"),
    frame.MOVED: _l("Movement"),
}

# By kind of `camera.advice.Advice`.
ADVICE = {
    advice.NO_FILM: _l("No film in view: show a chest film on a light box or a screen."),
    advice.SEVERAL: _l("Several films in view: show one, or move closer to it."),
    advice.CUT: _l("The film is cut by the edge of the picture: move back."),
    advice.FAR: _l("Move closer."),
    advice.MOVING: _l("Hold still."),
    advice.TILTED: _l("Hold the camera straight before the film."),
    advice.DARK: _l("Too dark: give the light box or the screen more light."),
    advice.BRIGHT: _l("Too bright: take away light, or let no bare light box be behind the lungs."),
    advice.GLARE: _l("Glare: tilt the film or move the lamp."),
    advice.SHADOW: _l("Shadow: take the hand away, or light it evenly."),
    advice.BLURRED: _l("Blurred: hold still, and let the camera focus."),
    advice.MOIRE: _l("Stripes of the screen: move a little farther away, or turn the camera by some degrees."),
}
READY = _l("Seen well: hold still.")
WAITING = _l("No picture from the camera yet.")
BROKEN = _l("The camera gives no picture; it is opened again and again.")

# By name of a `health.HealthCheck`.
DOCTOR = {
    "Python": _l("Python"),
    "packages": _l("Packages"),
    "memory": _l("Memory"),
    "disk": _l("Disk"),
    "clock": _l("Clock"),
    "temperature": _l("Temperature"),
    "DICOM": _l("DICOM"),
    "runtime": _l("Runtime"),
    "model": _l("Model file"),
    "golden film": _l("Golden film"),
    "speed": _l("Speed"),
    "store": _l("Store"),
}
STATES = {"ok": _l("in order"), "warning": _l("warning"), "fault": _l("fault")}
