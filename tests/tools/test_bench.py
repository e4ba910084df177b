"""The benchmark on a tiny input: what it writes, and what it does with a rival that fails."""

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from tools.bench import __main__ as bench
from tools.bench import cores, markdown, results
from tools.bench.inputs import INPUTS
from tools.bench.measure import Run
from tools.bench.memory import give_back, memset_seconds
from tools.bench.rival import Rival, installed

TINY = {"weight": np.where(np.arange(600).reshape(20, 30) % 7 == 0, 1.5, 0).astype(np.float32)}


def save(tensors, path, _):
    np.save(path.with_suffix(".npy"), tensors["weight"])
    path.write_bytes(b"12345")


def load(path, _=1):
    return {"weight": np.load(path.with_suffix(".npy"))}


def load_another_bit(path, _):
    loaded = load(path)
    loaded["weight"][0, 1] = -0.0
    return loaded


def fails(_, __):
    raise RuntimeError("no such codec")


def run(*rivals, rounds=2, patience=10):
    described, rows = Run("tiny", TINY, list(rivals), patience).measure(rounds)
    return results.Results({"cores": "2"}, [], [described], rows)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that the command wrote, of the rivals that the tests need anyway."""
    folder = tmp_path_factory.mktemp("bench") / "results"
    only = ["spformat_file", "safetensors_file", "safetensors_zstd", "bitmask", "scipy_npz", "torch_save"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(INPUTS, "tiny", lambda: TINY)
        bench.main(["tin*", "--rounds", "2", "--out", str(folder), "--only", *only])
    return folder


def test_json_reads_back_as_it_was_written(written, tmp_path):
    found = results.read(written / "results.json")
    found.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (written / "results.json").read_text()
    assert [described.name for described in found.inputs] == ["tiny"]
    for row in found.rows:
        assert row.error is None
        assert row.exact
        assert row.ratio == pytest.approx(TINY["weight"].nbytes / row.bytes)
        assert [speed.threads for speed in row.speeds] == found.inputs[0].threads
        for speed in row.speeds:
            assert speed.encode.rounds == speed.decode.rounds == 2
            assert 0 < speed.decode.minimum <= speed.decode.median


def test_markdown_has_a_line_for_each_rival(written):
    found = results.read(written / "results.json")
    text = (written / "results.md").read_text()
    assert len({row.rival for row in found.rows}) == 8
    for row in found.rows:
        assert f"| {row.rival} | {row.bytes:,} | {row.ratio:.2f} |" in text


def test_picture(written):
    pytest.importorskip("matplotlib")
    assert (written / "results.png").read_bytes().startswith(b"\x89PNG")


def test_no_such_input():
    with pytest.raises(SystemExit, match="no such input"):
        bench.main(["nothing-*"])


def test_a_rival_that_gives_back_another_bit_is_marked():
    found = run(Rival("good", save, load, "numpy"), Rival("bad", save, load_another_bit, "numpy"))
    assert [row.exact for row in found.rows] == [True, False]
    assert "| **NO** |" in markdown.report(found)


def test_a_rival_that_says_it_is_not_lossless_is_marked():
    assert "| not lossless |" in markdown.report(run(Rival("rounded", save, load, "numpy", lossless=False)))


def test_a_rival_that_fails_is_listed_with_its_error():
    found = run(Rival("broken", save, fails, "numpy"), Rival("good", save, load, "numpy"))
    assert found.rows[0].error == "RuntimeError: no such codec"
    assert found.rows[1].error is None
    assert "| broken | RuntimeError: no such codec |" in markdown.report(found)
    assert "| broken | - |" in markdown.ratios(found, ["tiny"], ["tiny"])


def test_our_own_failure_is_an_error():
    with pytest.raises(RuntimeError, match="no such codec"):
        run(Rival("spformat", save, fails, "spformat"))


def test_without_patience_every_rival_runs_once():
    found = run(Rival("good", save, load, "numpy"), rounds=3, patience=0)
    assert {(s.encode.rounds, s.decode.rounds) for s in found.rows[0].speeds} == {(1, 1)}


def test_tables_over_inputs():
    rivals, _ = installed(["spformat_file"])
    found = run(*rivals)
    table = markdown.ratios(found, ["tiny", "other"], ["Tiny", "Other"])
    assert table.splitlines()[0] == "|  | Tiny | Other |"
    assert f"| **spformat** | {found.rows[0].ratio:.2f} | - |" in table
    for what in ("encode", "decode"):
        setattr(found.rows[0].fastest, f"{what}_gb_per_s", 1.25)
        lines = markdown.speeds(found, ["tiny"], ["Tiny"], what).splitlines()
        assert lines[2].endswith("1.25 |")
        assert "memset" in lines[-1]


def test_limited_to_one_core_and_back():
    before = os.sched_getaffinity(0)
    with cores.limited_to(1):
        assert cores.available() == 1
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("size", [1, 4097, 5 << 20])
def test_memset_takes_time(size):
    assert memset_seconds(size, 2) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_freed_memory_is_given_back():
    """Pieces below the size that malloc maps on its own, with others between them that stay."""
    pieces = [np.ones(1 << 16, np.uint8) for _ in range(1000)]
    kept = pieces[::2]
    del pieces
    before = _resident_bytes()
    give_back()
    assert _resident_bytes() < before - 20e6
    assert len(kept) == 500


def _resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
