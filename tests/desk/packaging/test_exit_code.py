"""What a command of the desk leaves behind where it cannot go on: an exit code and one sentence."""

import errno
import subprocess
import sys

import pytest

from edge_app.errors import WrongUsage
from tests.support.archives import ROOT
from train import exit_code


def raising(error):
    def command():
        raise error

    return command


def test_what_went_well_has_its_own_code(capsys):
    assert [exit_code.of(lambda code=code: code) for code in (0, 1, 3)] == [0, 1, 3]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (WrongUsage("--out: is a file; name a folder."), "--out: is a file; name a folder."),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/a.h5"),
            "runs/a.h5: cannot be read or written (No space left on device); make room, and start the same command "
            "again.",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "films.csv"),
            "films.csv: cannot be read or written (No such file or directory); see that it is there and that you may "
            "use it, and start the same command again.",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "a file: cannot be read or written (Input/output error); look at the disk with 'doctor', and name another "
            "until it is well, and start the same command again.",
        ),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(capsys, error, sentence):
    assert exit_code.of(raising(error)) == 2
    assert capsys.readouterr() == ("", f"{sentence}\n")


def test_a_fault_of_the_program_is_not_hidden():
    with pytest.raises(ValueError, match="of ours"):
        exit_code.of(raising(ValueError("of ours")))


def test_a_reader_that_has_gone_is_no_fault_of_the_disk():
    words = "import sys; from train import exit_code; sys.exit(exit_code.of(lambda: print('x' * 1_000_000) or 0))"
    with subprocess.Popen(
        [sys.executable, "-c", words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout and run.stderr
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode == 141
