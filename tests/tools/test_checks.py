"""The tool that measures what checks cost still fits the kernels."""

import shutil
import subprocess

import pytest

from tools.bench import checks


def test_every_check_that_it_takes_out_is_there():
    sources = checks.changed([])
    without = checks.changed([*checks.DIGESTS, *checks.CHECKS])
    assert {name for name in sources if sources[name] != without[name]} == {
        name for name, *_ in [*checks.DIGESTS, *checks.CHECKS]
    }


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_its_program_compiles():
    source = checks.HERE / "decode_loop.cpp"
    subprocess.run(["g++", "-std=c++20", "-fsyntax-only", f"-I{checks.KERNELS}", str(source)], check=True)
