"""The committed sizes are those that the writer makes."""

import pytest

from tools.ledger import __main__ as program
from tools.ledger.tensors import bell, tensors

WEIGHTS = ["0x1.d3764a0150000p-8", "-0x1.29af1a6800000p-6", "0x1.2502b3b8d1000p-4"]


@pytest.fixture(scope="module")
def now():
    return program.ledger()


def test_the_ledger_says_what_the_writer_makes(now):
    """When sizes change on purpose: python -m tools.ledger --write, and look at the difference."""
    assert program.LEDGER.read_text() == now


def test_the_tensors_are_the_same_in_every_run():
    first, second = tensors(), tensors()
    assert first.keys() == second.keys()
    assert all(array.tobytes() == second[name].tobytes() for name, array in first.items())


def test_the_weights_are_the_same_on_every_machine():
    assert [weight.hex() for weight in bell((3,), 1).tolist()] == WEIGHTS


def test_a_change_is_printed(now, tmp_path, monkeypatch, capsys):
    lines = now.splitlines()
    lines[3] += "0"
    monkeypatch.setattr(program, "LEDGER", tmp_path / "ledger.txt")
    monkeypatch.setattr(program, "ledger", lambda: now)
    program.LEDGER.write_text("\n".join(lines) + "\n")
    with pytest.raises(SystemExit) as exited:
        program.main([])
    assert exited.value.code == 1
    assert f"-{lines[3]}\n+{lines[3][:-1]}" in capsys.readouterr().out
    program.main(["--write"])
    with pytest.raises(SystemExit) as exited:
        program.main([])
    assert not exited.value.code
