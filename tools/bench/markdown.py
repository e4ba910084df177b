"""The results as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable

from tools.bench.results import Results, Row

_HEAD = [
    "stored as",
    "bytes",
    "ratio",
    "encode GB/s",
    "encode / memset",
    "decode GB/s",
    "median round",
    "decode / memset",
    "bit for bit",
]


def report(results: Results) -> str:
    """Everything that was measured: a table for each input, and what was left out."""
    parts = ["# Benchmark", _machine(results)]
    for described in results.inputs:
        counts = " / ".join(map(str, described.threads))
        limits = _numbers(described.memset_gb_per_s)
        parts.append(f"## {described.name}")
        parts.append(
            f"{described.tensors:,} tensor(s), {described.dense_bytes:,} dense bytes. Threads: {counts}. "
            f"Filling fresh memory: {limits} GB/s."
        )
        rows = [row for row in results.rows if row.input == described.name]
        parts.append(table(_HEAD, [_cells(row) for row in _sorted(rows)]))
    return "\n\n".join(parts) + "\n"


def ratios(results: Results, inputs: list[str], names: list[str]) -> str:
    """Dense bytes over stored bytes: a row for each rival, a column for each input, headed by `names`."""
    found = {(row.rival, row.input): row for row in results.rows}
    return _by_rival(results, inputs, names, lambda rival, i: _ratio(found.get((rival, i))))


def speeds(results: Results, inputs: list[str], names: list[str], what: str) -> str:
    """Speed of what ("encode" or "decode") in dense GB per second, on one and on all threads: a row for each rival, and
    one for the limit; columns as in `ratios`."""
    found = {(row.rival, row.input): row for row in results.rows}
    limits = {i.name: _numbers(i.memset_gb_per_s) for i in results.inputs}
    body = _by_rival(results, inputs, names, lambda rival, i: _speed(found.get((rival, i)), what))
    return body + "\n" + _line(["*memset of fresh memory*", *(limits.get(i, "-") for i in inputs)])


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)])


def _by_rival(results: Results, inputs: list[str], names: list[str], cell: Callable[[str, str], str]) -> str:
    rivals = dict.fromkeys(row.rival for row in _sorted([row for row in results.rows if row.input in inputs]))
    rows = [[f"**{rival}**" if rival == "spformat" else rival, *(cell(rival, i) for i in inputs)] for rival in rivals]
    return table(["", *names], rows)


def _machine(results: Results) -> str:
    facts = ", ".join(f"{key}: {value}" for key, value in results.machine.items())
    versions = ", ".join(sorted({row.version for row in results.rows}))
    lines = [
        f"{facts}.",
        "",
        f"{versions}.",
        "",
        "Encoding: from arrays to a file in memory. Decoding: from opening the file to filled arrays, in memory fresh "
        "from the kernel: what was freed before is given back first, as a program finds it that loads its model. "
        "Speeds are of dense bytes in the fastest round, on one thread and on all; memset fills such memory.",
    ]
    return "\n".join([*lines, *(f"\n{text}" for text in results.missing)])


def _sorted(rows: list[Row]) -> list[Row]:
    """Ours first, then by size."""
    return sorted(rows, key=lambda row: (not row.rival.startswith("spformat"), -row.ratio))


def _cells(row: Row) -> list[str]:
    if row.error:
        return [row.rival, row.error, *[""] * (len(_HEAD) - 2)]
    speeds = [
        [s.encode_gb_per_s for s in row.speeds],
        [s.encode_of_limit for s in row.speeds],
        [s.decode_gb_per_s for s in row.speeds],
        [s.decode_gb_per_s * s.decode.minimum / s.decode.median for s in row.speeds],
        [s.decode_of_limit for s in row.speeds],
    ]
    return [row.rival, f"{row.bytes:,}", f"{row.ratio:.2f}", *map(_numbers, speeds), _exactness(row)]


def _exactness(row: Row) -> str:
    if not row.lossless:
        return "not lossless"
    return "yes" if row.exact else "**NO**"


def _ratio(row: Row | None) -> str:
    return f"{row.ratio:.2f}" if row and not row.error else "-"


def _speed(row: Row | None, what: str) -> str:
    if row is None or row.error:
        return "-"
    return _numbers([s.encode_gb_per_s if what == "encode" else s.decode_gb_per_s for s in row.speeds])


def _numbers(speeds: list[float]) -> str:
    return " / ".join(f"{speed:.2f}" if speed >= 0.1 else f"{speed:.3f}" for speed in speeds)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
