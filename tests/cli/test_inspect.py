"""spformat inspect."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spformat
from tests.cli.command import done, failed, lecture_matrix
from tests.helpers import sparse

FILE_KEYS = {"bytes", "format_version", "dense_bytes", "ratio", "tensors", "parameters", "nonzeros"}
TENSOR_KEYS = {
    "name",
    "dtype",
    "shape",
    "layout",
    "nonzeros",
    "density",
    "dense_bytes",
    "stored_bytes",
    "ratio",
}
TENSOR_KEYS |= {"bits_per_nonzero", "bound_bytes", "accounting"}
BYTES = ("index_bytes", "pointer_bytes", "value_bytes", "overhead_bytes")
ACCOUNTING_KEYS = {
    "numbers",
    "a",
    "n",
    "index_bits_absolute",
    "index_bits",
    "fillers",
    "restart_rows",
    *BYTES,
}
ENTRIES_KEYS = {"value", "col_index", "row_index", "filler", "position", "mask"}


def test_the_lecture(tmp_path: Path) -> None:
    np.save(tmp_path / "matrix.npy", lecture_matrix())
    done("pack", "matrix.npy", "lecture.spf", "--preset", "lecture", cwd=tmp_path)
    tensor = ("inspect", "lecture.spf", "--tensor", "matrix")
    entries = done(*tensor, "--entries", "--json", cwd=tmp_path).json
    assert set(entries) >= ENTRIES_KEYS
    assert entries["value"] == [1.2, 0.6, 3.4, 3.0, 0.9, 2.7, -0.2, 2.1]
    assert entries["col_index"] == [0, 3, 1, 1, 0, 2, 3, 3]
    assert entries["row_index"] == [0, 1, 3, 4, 5, 7, 8]
    assert entries["filler"] == [False] * 8
    assert entries["position"] == np.flatnonzero(lecture_matrix()).tolist()
    assert entries["mask"] is None
    (found,) = done(*tensor, "--json", cwd=tmp_path).json["tensors"]
    assert found["accounting"]["numbers"] == 23
    assert (found["accounting"]["index_bits"], found["accounting"]["index_bits_absolute"]) == (2, 4)
    text = done(*tensor, cwd=tmp_path).out
    assert "2a + n + 1 = 23\n" in text
    assert "a = 8: 8 nonzeros and 0 filler zeros\n" in text
    assert "n = 6: one pointer for every row\n" in text


def test_the_rows_reversed(tmp_path: Path) -> None:
    np.save(tmp_path / "matrix.npy", lecture_matrix()[::-1])
    done("pack", "matrix.npy", "reversed.spf", "--preset", "lecture", cwd=tmp_path)
    done("unpack", "reversed.spf", "reversed.npz", cwd=tmp_path)
    with np.load(tmp_path / "reversed.npz") as found:
        assert found["matrix"].tobytes() == lecture_matrix()[::-1].tobytes()


def test_the_figure_of_deep_compression(tmp_path: Path) -> None:
    figure = np.zeros(16, np.float32)
    figure[[1, 4, 15]] = [3.4, 0.9, 1.7]
    np.save(tmp_path / "figure.npy", figure)
    done("pack", "figure.npy", "figure.spf", "--preset", "deep-compression", cwd=tmp_path)
    tensor = ("inspect", "figure.spf", "--tensor", "figure", "--entries")
    entries = done(*tensor, "--json", cwd=tmp_path).json
    assert entries["value"] == [3.4, 0.9, 0, 1.7]
    assert entries["filler"] == [False, False, True, False]
    assert entries["position"] == [1, 4, 12, 15]
    text = done(*tensor, cwd=tmp_path).out
    assert "value      [3.4 0.9 0.0 1.7]\n" in text
    assert "fillers    [2]\n" in text


def test_the_column_of_eie(tmp_path: Path) -> None:
    column = np.zeros((23, 1), np.float32)
    column[[2, 3, 22], 0] = [1, 2, 3]
    np.save(tmp_path / "column.npy", column)
    done("pack", "column.npy", "column.spf", "--preset", "eie", cwd=tmp_path)
    entries = done("inspect", "column.spf", "--tensor", "column", "--entries", "--json", cwd=tmp_path).json
    assert entries["value"] == [1, 2, 0, 3]
    assert entries["col_index"] == [2, 0, 15, 2]
    assert entries["row_index"] == [0, 4]


def test_json(model_spf: Path) -> None:
    report = done("inspect", model_spf, "--json", "--tensor", "weight", "--tensor", "bias").json
    assert set(report) == {"file", "tensors"}
    assert set(report["file"]) >= FILE_KEYS
    assert [tensor["name"] for tensor in report["tensors"]] == ["weight", "bias"]
    for tensor in report["tensors"]:
        assert set(tensor) >= TENSOR_KEYS
        assert set(tensor["accounting"]) >= ACCOUNTING_KEYS
        assert sum(tensor["accounting"][key] for key in BYTES) == tensor["stored_bytes"]
    assert report["file"]["bytes"] == os.path.getsize(model_spf)


def test_json_is_that_of_the_library(lecture_spf: Path) -> None:
    assert done("inspect", lecture_spf, "--json").out == spformat.inspect(lecture_spf).to_json() + "\n"
    no_bound = done("inspect", lecture_spf, "--json", "--no-bound").out
    assert no_bound == spformat.inspect(lecture_spf, bound=False).to_json() + "\n"


def test_where_the_bytes_went_adds_up(model_spf: Path) -> None:
    lines = done("inspect", model_spf).out.splitlines()
    parts = [line.split()[:2] for line in lines[lines.index("bytes") + 1 :] if line.startswith("  ")]
    *counts, (name, total) = parts
    assert [part for part, _ in counts] == ["index", "pointers", "values", "overhead", "container"]
    assert name == "together"
    assert sum(int(count.replace(",", "")) for _, count in counts) == int(total.replace(",", ""))
    assert int(total.replace(",", "")) == os.path.getsize(model_spf)


def test_table(model_spf: Path) -> None:
    lines = done("inspect", model_spf).out.splitlines()
    assert lines[0].startswith(f"{model_spf} (spformat 1.")
    header = next(number for number, line in enumerate(lines) if line.startswith("tensor "))
    titles = "tensor type shape layout density dense stored ratio bits/nz bound reached"
    assert " ".join(lines[header].split()) == titles
    rows = [line.split()[0] for line in lines[header + 1 : header + 8]]
    assert rows == ["bias", "conv", "dense", "empty", "scalar", "weight", "zeros"]
    assert lines[header + 9].startswith("all ")
    assert any("8x4x3x3" in line for line in lines)
    assert "metadata: 2 keys (--metadata shows them)" in lines


def test_sort_and_metadata(model_spf: Path) -> None:
    by_size = done(
        "inspect",
        model_spf,
        "--json",
        "--sort",
        "size",
        "--no-bound",
        "--tensor",
        "bias",
        "--tensor",
        "dense",
    )
    assert [tensor["name"] for tensor in json.loads(by_size.out)["tensors"]] == ["dense", "bias"]
    by_ratio = done("inspect", model_spf, "--sort", "ratio", "--no-bound", "--metadata").out.splitlines()
    assert by_ratio[4].startswith("zeros ")
    assert by_ratio[-4:] == ["{", '  "loss": "nan",', '  "step": 7', "}"]


def test_without_bound(model_spf: Path) -> None:
    out = done("inspect", model_spf, "--no-bound").out
    assert "bits/nz\n" in out
    assert "bound" not in out


def test_ties_and_an_empty_file(tmp_path: Path) -> None:
    weight = lecture_matrix()
    spformat.save_file({"a": weight, "b": weight}, tmp_path / "tied.spf")
    spformat.save_file({}, tmp_path / "empty.spf")
    rows = [" ".join(line.split()) for line in done("inspect", "tied.spf", cwd=tmp_path).out.splitlines()]
    assert any(row.startswith("b = a F32 6x15 tied - - ") for row in rows)
    assert "tied to a, which is stored" in " ".join(
        done("inspect", "tied.spf", "--tensor", "b", cwd=tmp_path).out.split()
    )
    assert "0 tensors, 0 of 0 parameters nonzero (-)" in done("inspect", "empty.spf", cwd=tmp_path).out


def test_narrow_screen(model_spf: Path) -> None:
    out = done("inspect", model_spf, COLUMNS="60").out
    assert "no room here for: " in out
    table = out.split("\n\n")[1].splitlines()
    assert max(map(len, table)) <= 60


def test_names_cannot_play_with_the_terminal(tmp_path: Path) -> None:
    name = "w\x1b[2J\x07\n\u202e\x9b1m"
    spformat.save_file({name: lecture_matrix()}, tmp_path / "m.spf")
    for options in ([], ["--tensor", name]):
        out = done("inspect", "m.spf", *options, cwd=tmp_path).out
        assert r"w\x1b[2J\x07\n\u202e\x9b1m" in out
        assert not set(name) & set(out) - set("w[2J1m\n")


def test_an_ascii_screen(model_spf: Path) -> None:
    assert done("inspect", model_spf, COLUMNS="70", PYTHONIOENCODING="ascii").out.isascii()


def test_entries_of_the_other_layouts(tmp_path: Path) -> None:
    values = np.array([[0, 1.5], [-0.0, np.nan]], np.float32)
    np.save(tmp_path / "m.npy", values)
    expected: dict[str, dict[str, Any]] = {
        "dense": {"value": [0, 1.5, -0.0, "nan"], "mask": None, "col_index": None, "position": None},
        "bitmask": {"value": [1.5, -0.0, "nan"], "mask": [0, 1, 1, 1], "row_index": None, "filler": None},
    }
    for layout, parts in expected.items():
        done("pack", "m.npy", "m.spf", "--layout", layout, cwd=tmp_path)
        entries = done("inspect", "m.spf", "--tensor", "m", "--entries", "--json", cwd=tmp_path).json
        assert {key: entries[key] for key in parts} == parts
    assert "mask       [0 1 1 1]\n" in done("inspect", "m.spf", "--tensor", "m", "--entries", cwd=tmp_path).out


def test_no_such_tensor(lecture_spf: Path) -> None:
    message = failed("inspect", lecture_spf, "--tensor", "nothing", "--json")
    assert message.startswith(f"{lecture_spf}: ")
    assert "'nothing'" in message


def test_explain_weighs_every_candidate_and_the_smallest_is_what_packing_takes(tmp_path):
    weights = sparse((300, 400), 0.1)
    path = tmp_path / "one.spf"
    spformat.save_file({"weight": weights}, path)
    found = json.loads(done("inspect", path, "--explain", "weight", "--json").out)
    sizes = [each["bytes"] for each in found["candidates"]]
    labels = [each["label"] for each in found["candidates"]]
    assert sizes == sorted(sizes)
    assert {"dense", "bitmask"} <= set(labels)
    assert any(label.startswith("csr") and "rans" in label for label in labels)
    assert found["bound_bytes"] < sizes[0] < found["dense_bytes"]
    assert sizes[0] == pytest.approx(path.stat().st_size, abs=250)  # prologue, footer, and what is estimated
    plain = done("inspect", path, "--explain", "weight").out
    assert all(label in plain for label in labels)
    assert "order-0 bound" in plain


def test_explain_of_an_unknown_tensor(model_spf):
    assert "nothing" in failed("inspect", model_spf, "--explain", "nothing")
