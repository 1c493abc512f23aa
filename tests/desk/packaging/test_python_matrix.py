import sys

from tests.system import python_matrix

HERE = "{}.{}".format(*sys.version_info)


def test_an_interpreter_is_found_by_its_version_alone(tmp_path):
    assert python_matrix.interpreter("3.99", tmp_path) is None
    for name in (HERE, "3.99"):
        folder = tmp_path / f".pyenv/versions/{name}.1/bin"
        folder.mkdir(parents=True)
        (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (folder / "python").chmod(0o755)
    assert python_matrix.interpreter(HERE, tmp_path)
    # That folder's name does not tell the truth.
    assert python_matrix.interpreter("3.99", tmp_path) is None


def test_what_is_not_found_is_named_and_does_not_pass(capsys):
    assert python_matrix.main(["3.98", "3.99"], []) == 1
    assert capsys.readouterr().out.splitlines() == ["Python 3.98: not found", "Python 3.99: not found"]
