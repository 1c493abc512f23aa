"""Names of measurements, the camera's advice, and the doctor's checks with advice, in the reader's language."""

from edge_app.camera.detect import advice
from edge_app.camera.detect import frame_quality as frame
from edge_app.gate import picture_checks as picture
from edge_app.web.text.spoken import lazy_gettext as _l

# By name of a `gate.Check`.
CHECKS = {
    "another kind of picture": _l("Chance that it is another kind of picture"),
    "lungs cut off": _l("Chance that the lungs are cut off"),
    "distance from the training films": _l("Distance from the training films"),
    picture.CONTRAST: _l("Range of grey levels (contrast)"),
    picture.LEVELS: _l("Number of grey levels"),
    picture.NEIGHBOURS: _l("Similarity of neighbouring pixels (noise)"),
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
    frame.SPAN: _l("Range of grey levels (contrast)"),
    frame.DARK: _l("Share too dark"),
    frame.WHITE: _l("Share overexposed"),
    frame.GLARE: _l("Glare"),
    frame.SHADOW: _l("Shadow"),
    frame.SHARPNESS: _l("Sharpness"),
    frame.MOIRE: _l("Screen stripes (moiré)"),
    frame.MOVED: _l("Movement"),
}

# By kind of `camera.advice.Advice`.
ADVICE = {
    advice.NO_FILM: _l("No film in view: show a chest film on a light box or a screen."),
    advice.NEAR: _l("Too near: move back until a margin shows all round the film."),
    advice.SEVERAL: _l("Several films in view: show one, or move closer to it."),
    advice.CUT: _l("Part of the film is outside the picture: move back."),
    advice.FAR: _l("Move closer."),
    advice.MOVING: _l("Hold still."),
    advice.TILTED: _l("Hold the camera straight in front of the film."),
    advice.DARK: _l("Too dark: make the light box or the screen brighter."),
    advice.BRIGHT: _l(
        "Too bright: dim the light box, or move the film so that no bare light box shows behind the lungs."
    ),
    advice.GLARE: _l("Glare: tilt the film or move the lamp."),
    advice.SHADOW: _l("Shadow: take your hand away, or light the film evenly."),
    advice.BLURRED: _l("Blurred: hold still, and let the camera focus."),
    advice.MOIRE: _l("Screen stripes: move a little farther away, or turn the camera by a few degrees."),
    advice.READY: _l("Seen well: hold still."),
    advice.PRESS: _l("Seen well: press the button."),
    advice.DONE: _l("Done: take the film away, or show the next one."),
}
WAITING = _l("No picture from the camera yet.")
BROKEN = _l("The camera gives no picture; trying again.")

# By name of a `health.HealthCheck`: its title, and what to do if it is not in order. The figures stand in the English
# sentence of the check.
DOCTOR = {
    "Python": (_l("Python"), _l("Install the program again.")),
    "system": (_l("System"), _l("Install the 64-bit system: the program runs faster on it.")),
    "packages": (_l("Packages"), _l("Install the program again, so that all its packages are there.")),
    "memory": (_l("Memory"), _l("Close other programs on the device.")),
    "disk": (_l("Disk"), _l("Make room on the disk, such as by deleting old readings.")),
    "clock": (_l("Clock"), _l("Set the device's clock, or connect the device to a network with a time server.")),
    "temperature": (_l("Temperature"), _l("Cool the device, or use a stronger power supply.")),
    "card": (_l("Memory card"), _l("Keep a copy of the results and replace the memory card.")),
    "camera": (_l("Camera"), _l("Check the camera's cable, and close other programs that use it.")),
    "updates": (_l("Updates"), _l("Repeat the update.")),
    "network": (_l("Network"), _l("Ask your administrator which programs may be reached from other devices.")),
    "DICOM": (_l("DICOM"), _l("Send such films as PNG or JPEG until the missing decoder is installed.")),
    "store": (_l("Store of results"), _l("Do not read films until the store can be written; ask your administrator.")),
    "runtime": (_l("Runtime"), _l("Install the program again: nothing on this device can run the model.")),
    "model": (_l("Model file"), _l("Install a model that passes this check.")),
    "fingerprint": (_l("Preparation of films"), _l("Install a model that was made for this program.")),
    "signature": (_l("Signature of the model"), _l("Install a model that is signed with a key of your site.")),
    "site": (_l("Calibration of this site"), _l("Do not read films until the calibration is mended or taken out.")),
    "golden film": (
        _l("Reference film"),
        _l("Do not rely on readings: this device may not compute what was released."),
    ),
    "XNNPACK": (_l("Fast computation (XNNPACK)"), _l("Films take longer; their readings are right.")),
    "threads": (_l("Threads"), _l("Films take longer; their readings are right.")),
    "speed": (_l("Speed"), _l("Films take longer, or their time cannot be measured; their readings are right.")),
}
STATES = {"ok": _l("OK"), "warning": _l("warning"), "fault": _l("fault")}
