"""What is negotiated: SOP Classes, Transfer Syntaxes, and the limits and times of an association."""

from typing import NamedTuple

from edge_app.imaging import dicom_codecs, dicom_file

VERIFICATION = "1.2.840.10008.1.1"
# PS3.4 J: Storage Commitment Push Model, and its well-known instance.
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
# PS3.4 B.5: what a chest film is sent as. Of multi-frame ones those with one frame are judged.
FILMS = {
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography Image Storage",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray Image Storage - For Presentation",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "Digital X-Ray Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image Storage",
}
# PS3.4 B.2.3 and PS3.7 C: statuses of C-STORE that this node answers with.
SUCCESS, OUT_OF_RESOURCES, NOT_OF_CLASS, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
# The same SOP Instance UID came before with other content: PS3.4 leaves 0xC000 to 0xCFFF to the implementation.
OTHER_CONTENT = 0xC111
# PS3.3 C.14: failure reasons of storage commitment.
NO_SUCH_INSTANCE, CLASS_CONFLICT = 0x0112, 0x0119

# Bytes of a PDU that is announced: pynetdicom's default is 16 kB; larger ones cost fewer calls and little memory.
PDU = 65536
# Bytes of a PDU that is taken: an A-ASSOCIATE-RQ with 128 contexts of 20 syntaxes has 150 kB, and peers overstep.
MOST_PDU = 1 << 20
# Bytes of a command, which has a few UIDs; and of a data set that is held in memory: a list of 1,000 UIDs has 200 kB.
MOST_COMMAND, MOST_IN_MEMORY = 1 << 16, 1 << 20
# Requests that a peer may send before it has the answers; this node negotiates one, and peers overstep.
MOST_AHEAD = 8
# Threads of the program; with all associations, and as many that are turned away, it has some 40.
MOST_THREADS = 100
# Seconds: to negotiate, for the next message, for a peer that says nothing, for the rest of a PDU that has begun, and
# for a TLS handshake. Each is what MONAI's gateway and dcm4che take, rounded.
ACSE_SECONDS, DIMSE_SECONDS, NETWORK_SECONDS, PDU_SECONDS, TLS_SECONDS = 10, 30, 30, 30, 10
# Seconds to connect to a PACS.
CONNECT_SECONDS = 10


class Limits(NamedTuple):
    """What the node takes, together and from one peer.

    Attributes:
        associations: at a time.
        instance: bytes of one instance; a film of 100 megapixels has 200 MB.
        waiting: films that wait to be judged, and results that wait to be sent, each.
        free: bytes that stay free on the disk.
    """

    associations: int = 8
    instance: int = 256 << 20
    waiting: int = 1000
    free: int = 512 << 20


USUAL = Limits()


def transfer_syntaxes() -> list[str]:
    """Return the UIDs of those in which a film can be decoded here."""
    return [*dicom_file.UNCOMPRESSED, *(dicom_codecs.SYNTAXES if dicom_codecs.is_available() else ())]
