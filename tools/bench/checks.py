"""What the checks of hostile input cost: python -m tools.bench.checks [INPUT ...]

The kernels are built three times: as they are, without the digests of blocks, and without any check of what a block
stores. All decode the same packed files in turn, on one thread and on all, into fresh memory. Printed are speeds as a
share of the speed without any check, the shortest times compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import spformat
from tools.bench.inputs import INPUTS
from tools.bench.markdown import table

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parents[1] / "spformat" / "kernels"
DEFAULT = [f"encoder-{dtype}-{percent}" for dtype in ("f32", "bf16") for percent in (50, 80, 90, 95)]
ROUNDS, TIMES = 8, 20
AVX2 = ["-mavx2", "-mbmi", "-mbmi2", "-mpopcnt"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]
SIMD = {"_avx2": AVX2, "_avx512": AVX512, "_vbmi2": [*AVX512, "-mavx512vbmi", "-mavx512vbmi2"]}  # as CMakeLists.txt

# (file, a check, what is left of it). A text that is not there exactly once is an error: a check that changed.
DIGESTS = [
    ("engine.cpp", "  const uint64_t digest = xxh3_64(stored, b.stored_bytes);\n", ""),
    ("engine.cpp", "if (digest != b.digest) return {Status::digest, b.digest, digest};", "(void)b, (void)stored;"),
]
CHECKS = [
    ("bitmask.cpp", "if (const Failure failure = check_mask(block, *mask)) return failure;", ""),
    ("bitmask.cpp", "return work.no_zeros ? Failure{} : check_values(block, *values);", "return {};"),
    ("bitmask.cpp", "Failure check_mask(", "[[maybe_unused]] Failure check_mask("),
    ("bitmask.cpp", "Failure check_values(", "[[maybe_unused]] Failure check_values("),
    ("rans_decode.cpp", "if (run.state[lane] < kLowest) return {Status::rans_state, kLowest, run.state[lane]};", ""),
    ("rans_decode.cpp", "  return check_end(run);\n", "  (void)check_end;\n  return {};\n"),
    (
        "rans_decode.cpp",
        "if (run.end - run.words < 2) return {Status::rans_short, 2, static_cast<uint64_t>(run.end - run.words)};",
        "",
    ),
    ("rans_loops.h", " && run_.end - words_ >= 2 * static_cast<int64_t>(Lanes::kCount)", ""),
    ("rans.h", "    if (left() < bytes) return {Status::stored_bytes, bytes, left()};\n", ""),
    ("value_streams.cpp", "if (!padding_is_zero(fields, count, width)) return {Status::float_padding, 0, 1};", ""),
    ("value_streams.cpp", "if (high >= limit) {", "if (false) {"),
    ("coding.cpp", "  if (largest >> b.bits) return {Status::csr_code, (1u << b.bits) - 1, largest};\n", ""),
    ("coding.cpp", "  const unsigned largest = largest_byte(codes, b.entries);\n", ""),
    ("codebook.cpp", "  const unsigned largest = largest_byte(codes, count);\n", ""),
    (
        "codebook.cpp",
        "  if (count && largest >= coding.codebook_values) return {Status::codebook_code, coding.codebook_values - 1u,"
        " largest};\n",
        "",
    ),
    ("scatter_loops.h", "if (next + sum_of(codes, count) + count > block.elements)", "if (false)"),
    ("scatter_loops.h", "if (zeros) return {Status::csr_zero, 0, zeros};", ""),
    ("scatter_loops.h", "if (stray) return {Status::csr_zero, 0, stray};", ""),
    ("strip_order.h", "if (const Failure failure = check_missing(strip, count)) return failure;", ""),
]


def main(names: list[str]) -> None:
    """Builds both, packs the inputs, measures and prints the table."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        programs = [
            _built(place / "checked", []),
            _built(place / "without_digests", DIGESTS),
            _built(place / "unchecked", [*DIGESTS, *CHECKS]),
        ]
        rows = []
        for name in names or DEFAULT:
            file = place / f"{name}.spf"
            spformat.save_file(INPUTS[name](), file)
            for threads in sorted({1, os.cpu_count() or 1}):
                checked, without_digests, unchecked = _times(programs, file, threads)
                shares = [f"{unchecked / other:.3f}" for other in (without_digests, checked)]
                rows.append([name, str(threads), f"{1000 * checked:.2f}", *shares])
        print(table(["input", "threads", "ms with all checks", "without digests", "with all checks"], rows))


def changed(changes: list[tuple[str, str, str]]) -> dict[str, str]:
    """The text of each file of the kernels, with checks replaced. Exits where one is not there once."""
    sources = {path.name: path.read_text() for path in KERNELS.iterdir() if path.suffix in (".cpp", ".h")}
    for name, check, left in changes:
        if sources[name].count(check) != 1:
            sys.exit(f"{name} does not have this check once: {check}")
        sources[name] = sources[name].replace(check, left)
    return sources


def _built(folder: Path, changes: list[tuple[str, str, str]]) -> Path:
    """The program of decode_loop.cpp over a changed copy of the kernels."""
    folder.mkdir()
    sources = changed(changes)
    for name, text in sources.items():
        (folder / name).write_text(text)
    flags = ["-std=c++20", "-O3", "-pthread", "-DSPF_X86", f"-I{folder}"]
    objects = []
    for path in [*sorted(folder.glob("*.cpp")), HERE / "decode_loop.cpp"]:
        if not path.name.endswith("module.cpp"):
            more = next((of for name, of in SIMD.items() if path.stem.endswith(name)), [])
            objects.append(str(folder / f"{path.stem}.o"))
            subprocess.run(["g++", *flags, *more, "-c", str(path), "-o", objects[-1]], check=True)
    program = folder / "decode_loop"
    subprocess.run(["g++", "-pthread", *objects, "-o", str(program)], check=True)
    return program


def _times(programs: list[Path], file: Path, threads: int) -> list[float]:
    """The shortest time of each program, run in turn."""
    times: list[list[float]] = [[] for _ in programs]
    for turn in range(TIMES):
        order = range(len(programs)) if turn % 2 else reversed(range(len(programs)))
        for number in order:
            command = [str(programs[number]), str(file), str(ROUNDS), str(threads)]
            times[number].append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return [min(found) for found in times]


if __name__ == "__main__":
    main(sys.argv[1:])
