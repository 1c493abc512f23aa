"""Faults outside this program, each worded as: where: what was found; what is allowed; what to do.

Only the command line catches `EdgeError`. A `ValueError` from our own code is a bug and is not caught.
"""

import errno


def remedy(error: OSError, otherwise: str) -> str:
    """Return what to do about a file that cannot be written; `otherwise` where the disk itself is well."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room"
    if error.errno in (errno.EIO, errno.EROFS):
        return "look at the disk with 'doctor', and name another until it is well"
    return otherwise


class EdgeError(Exception):
    """A fault outside this program that the user can correct; its text is one clear sentence.

    Attributes:
        sha256: of the film that cannot be read, hex; empty of any other fault, and if its bytes could not be had.
    """

    sha256 = ""


class UnreadableRadiograph(EdgeError):
    """The file is not a radiograph that can be read: wrong format, damaged, too small, blank."""


class NoLungField(UnreadableRadiograph):
    """The picture can be read and shows no lungs: a leg, a CT slice, a photograph, a chest from the side."""


class ModelMismatch(EdgeError):
    """The model file is not one of this program, is damaged, or was made for another preprocessing."""


class SiteMismatch(EdgeError):
    """A site's calibration file is not one, is for another model or operating point, or lacks the films it needs."""


class NotTrusted(EdgeError):
    """A file to be installed, or a site's calibration file, has no signature that this site trusts."""


class NotInstalled(EdgeError):
    """A model or a program was not installed, or was removed again; what was in use before still is."""


class MissingPackage(EdgeError, ImportError):
    """An optional package is not installed; the text names the feature, the package and the command."""


class WrongUsage(EdgeError):
    """The command was asked for something that cannot be done; exit code 2."""


class StoreFault(EdgeError):
    """The store cannot be opened, read or written; what it acknowledged is still in it."""


class CameraEnded(EdgeError):
    """A recording has ended."""


class CameraLost(EdgeError):
    """A camera cannot be opened, or gave no picture for longer than allowed."""


class NoDicomResult(EdgeError):
    """A result cannot be made a DICOM object: the film's header lacks what ties them together."""
