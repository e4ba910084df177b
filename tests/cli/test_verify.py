"""spformat verify."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import done, failed, one_error, run


def test_a_good_file(model_spf: Path) -> None:
    out = done("verify", model_spf).out
    assert out.startswith(f"{model_spf}: ok, ")
    assert "7 tensors" in out
    assert "checksum of every block\n" in out
    assert "every tensor is the one that was packed\n" in done("verify", model_spf, "--deep").out


def test_json(model_spf: Path) -> None:
    report = done("verify", model_spf, "--deep", "--json").json
    assert set(report) == {"ok", "bytes", "tensors", "blocks", "deep"}
    assert report["ok"] is True
    assert report["deep"] is True
    assert report["bytes"] == model_spf.stat().st_size


def test_a_damaged_block_is_named(lecture_spf: Path, tmp_path: Path) -> None:
    damaged = bytearray(lecture_spf.read_bytes())
    damaged[20] ^= 1
    (tmp_path / "damaged.spf").write_bytes(damaged)
    for options in ([], ["--deep"]):
        message = failed("verify", "damaged.spf", *options, cwd=tmp_path)
        assert message.startswith("damaged.spf: ")
        assert "(tensor 'matrix', block 0, byte 16, block/digest)" in message
    result = run("verify", "damaged.spf", "--json", cwd=tmp_path)
    assert result.code == 1
    assert one_error(result) == message
    assert result.json["ok"] is False
    error = result.json["error"]
    assert set(error) == {"type", "message", "kind", "tensor", "block", "offset", "expected", "found"}
    assert (error["type"], error["kind"]) == ("ChecksumError", "block/digest")
    assert (error["tensor"], error["block"], error["offset"]) == ("matrix", 0, 16)


def test_json_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = run("verify", "nothing.spf", "--json", cwd=tmp_path)
    assert result.code == 1
    assert result.json["ok"] is False
    assert result.json["error"]["message"] == one_error(result) == "nothing.spf: No such file or directory"


def test_budget(model_spf: Path) -> None:
    assert "max_bytes" in failed("verify", model_spf, "--deep", "--max-bytes", "100")
    done("verify", model_spf, "--max-bytes", "100", "--threads", "1", "-q")
