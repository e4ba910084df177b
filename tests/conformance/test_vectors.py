"""Every vector under both decoders: the tensors that its JSON describes, or the rule that it breaks, and where."""

import json
import re

import pytest

from spformat.container.digest import digest
from tests.conformance.decoders import BOTH, ROOT, VECTORS

VALID = sorted((VECTORS / "valid").rglob("*.spf"))
INVALID = sorted((VECTORS / "invalid").rglob("*.spf"))
RULES = re.findall(r"^- `([a-z]+/[a-z_]+)`", (ROOT / "spec" / "format.md").read_text(), re.MULTILINE)
NO_FILE_SHOWS = {"block/short": "the file is whole when it is opened, and becomes shorter while it is open"}

both = pytest.mark.parametrize("decode", BOTH.values(), ids=BOTH)


def name_of(path):
    return path.relative_to(VECTORS).with_suffix("").as_posix()


def about(path):
    return json.loads(path.with_suffix(".json").read_text())


def values_of(data, itemsize):
    return [data[i : i + itemsize][::-1].hex() for i in range(0, len(data), itemsize)]


@both
@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_valid(path, decode, simd):  # noqa: ARG001
    found, expected = decode(path.read_bytes()), about(path)
    assert found.refused is None
    assert found.metadata == expected["metadata"]
    assert json.dumps(found.metadata) == json.dumps(expected["metadata"])  # the types, too: 1 is not true, nor 1.0
    assert len(found.tensors) == len(expected["tensors"])
    for (name, dtype, shape, data, tied_to, is_copy), tensor in zip(found.tensors, expected["tensors"], strict=True):
        assert (name, dtype, shape, tied_to) == (
            tensor["name"],
            tensor["dtype"],
            tensor["shape"],
            tensor.get("tied_to"),
        )
        assert is_copy == tensor.get("copy", False)
        assert f"{digest(data):016x}" == tensor["digest"]
        if "values" in tensor:
            count = len(tensor["values"])
            assert values_of(data, len(data) // count if count else 1) == tensor["values"]


@both
@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid(path, decode, simd):  # noqa: ARG001
    expected = about(path)
    assert path.parent.relative_to(VECTORS / "invalid").as_posix() == expected["rule"]
    assert decode(path.read_bytes()).refused == (expected["rule"], expected["tensor"], expected["block"])


def test_every_rule_has_a_vector():
    shown = {about(path)["rule"] for path in INVALID}
    assert shown | set(NO_FILE_SHOWS) == set(RULES)
    assert not shown & set(NO_FILE_SHOWS)


def test_every_file_is_half_of_a_vector():
    files = {path for path in VECTORS.rglob("*") if path.is_file() and path.name != "README.md"}
    assert files == {path.with_suffix(end) for path in VALID + INVALID for end in (".spf", ".json")}
    assert len(VALID) > 40
    assert len(INVALID) > 200
