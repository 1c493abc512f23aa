"""STOW-RS (PS3.18 10.5): instances that are posted, and what is answered."""

from collections.abc import Callable, Iterable
from typing import BinaryIO

from edge_app.dicom_network import services
from edge_app.dicomweb import multipart
from edge_app.dicomweb.received import REASONS, Outcome, Receiver

DICOM, RELATED = "application/dicom", "multipart/related"
# Status codes of PS3.18 table 10.5.3-1: all are stored; some; none.
ALL, SOME, NONE, BUSY, NOT_SUCH, BROKEN = 200, 202, 409, 503, 415, 400


class Refused(Exception):
    """A request is not understood; `status` of HTTP, and the sentence."""

    def __init__(self, status: int, sentence: str):
        """Take both."""
        super().__init__(sentence)
        self.status = status


class Stow:
    """Takes what is posted."""

    def __init__(self, receiver: Receiver, say: Callable[[str], None]):
        """Take what takes instances, and what takes sentences for the journal."""
        self._receiver, self._say = receiver, say

    def store(self, body: BinaryIO, content_type: str, study: str = "", sender: str = "") -> tuple[int, dict]:
        """Store the instances of a request; return the status of HTTP, and the data set of the answer in DICOM JSON.

        Args:
            body: from its beginning; a file.
            content_type: of the request.
            study: Study Instance UID of its address, or "".
            sender: its network address, for the journal.

        Raises:
            Refused: nothing is stored.
        """
        kind, inner, mark = multipart.boundary(content_type)
        if kind != RELATED or inner != DICOM:
            found = f"{kind or 'nothing'}; type={inner or 'nothing'}"
            raise Refused(NOT_SUCH, f'Content-Type: is {found}; {RELATED}; type="{DICOM}" is allowed; send that.')
        try:
            with multipart.parts(body, mark) as parts:
                if not parts:
                    raise multipart.Broken("it has no part")
                others = {part.media_type for part in parts} - {DICOM}
                if others:
                    raise Refused(NOT_SUCH, f"Content-Type of a part: only {DICOM} is allowed; send that.")
                outcomes = [self._receiver.take(part.content, study) for part in parts]
        except multipart.Broken as error:
            raise Refused(BROKEN, f"body: {error}; a whole {RELATED} body is needed; send it again.") from error
        for status in sorted({one.status for one in outcomes} - {services.SUCCESS}):
            count = sum(one.status == status for one in outcomes)
            self._say(f"{sender} over HTTP: {count} of {len(outcomes)} films were answered with 0x{status:04X} "
                      f"({REASONS[status]}).")  # fmt: skip
        return _status(outcomes), _answer(outcomes)


def _status(outcomes: Iterable[Outcome]) -> int:
    found = {one.status for one in outcomes}
    if found == {services.SUCCESS}:
        return ALL
    if services.SUCCESS in found:
        return SOME
    return BUSY if found == {services.OUT_OF_RESOURCES} else NONE


def _answer(outcomes: Iterable[Outcome]) -> dict:
    """Return the Store Instances Response Module (PS3.18 I.2), in DICOM JSON."""
    good, bad = [], []
    for one in outcomes:
        item = {"00081150": _element("UI", one.sop_class), "00081155": _element("UI", one.uid)}
        if one.status == services.SUCCESS:
            good.append(item)
        else:
            bad.append(item | {"00081197": _element("US", one.status)})
    sequences = {"00081198": bad, "00081199": good}  # FailedSOPSequence, ReferencedSOPSequence
    return {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


def _element(vr: str, value: str | int) -> dict:
    return {"vr": vr, "Value": [value]} if value != "" else {"vr": vr}
