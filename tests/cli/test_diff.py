"""spformat diff."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import done, failed, run


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a.npz and b.npz, which differ in every way."""
    folder: Path = tmp_path_factory.mktemp("two")
    row = np.arange(4, dtype=np.float32)
    inf = np.array([0, np.inf], np.float32)
    np.savez(folder / "a.npz", same=row, value=row, dtype=row, shape=row, inf=inf, gone=row)
    np.savez(
        folder / "b.npz",
        same=row,
        value=row + 0.5,
        dtype=row.astype("f2"),
        shape=row[None],
        inf=-inf,
        new=row,
    )
    return folder


def test_the_same(model_npz: Path, model_spf: Path) -> None:
    assert done("diff", model_npz, model_spf).out == "the same: 7 tensors, bit for bit\n"
    report = done("diff", model_npz, model_spf, "--json").json
    assert report["same"] is True
    assert len(report["identical"]) == 7


def test_different(two: Path) -> None:
    result = run("diff", "a.npz", "b.npz", cwd=two)
    assert (result.code, result.err) == (1, "")
    rows = [" ".join(line.split()) for line in result.out.splitlines()]
    assert rows == [
        "tensor type shape differ of % max |a-b|",
        "dtype F32 -> F16 4 - - - -",
        "inf F32 2 2 2 100.0 inf",
        "shape F32 4 -> 1x4 - - - -",
        "value F32 4 4 4 100.0 0.5",
        "only in a.npz: gone",
        "only in b.npz: new",
        "4 differ, 2 only in one, 1 the same",
    ]


def test_json_of_different(two: Path) -> None:
    result = run("diff", "a.npz", "b.npz", "--json", cwd=two)
    assert (result.code, result.err) == (1, "")
    report = result.json
    assert set(report) == {"same", "identical", "changed", "only_a", "only_b", "notes"}
    assert (report["same"], report["identical"]) == (False, ["same"])
    assert (report["only_a"], report["only_b"]) == (["gone"], ["new"])
    changed = {change["name"]: change for change in report["changed"]}
    assert set(changed["value"]) == {"name", "dtypes", "shapes", "elements", "differing", "max_abs"}
    assert (changed["value"]["differing"], changed["value"]["max_abs"]) == (4, 0.5)
    assert changed["inf"]["max_abs"] == "inf"
    assert changed["shape"]["shapes"] == [[4], [1, 4]]


def test_quiet(two: Path) -> None:
    result = run("diff", "a.npz", "b.npz", "-q", cwd=two)
    assert (result.code, result.out, result.err) == (1, "", "")


def test_no_such_file(two: Path) -> None:
    assert failed("diff", "a.npz", "c.npz", cwd=two).startswith("c.npz: ")
