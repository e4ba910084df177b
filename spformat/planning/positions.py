"""Plans for where the nonzeros are: plain, and entropy coded gaps, mask bytes and strips."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table
from ..layouts import gaps, jobs
from ..layouts.coding import Coding, IndexCodec, Rans, Strips
from ..layouts.gaps import GapCode
from ..layouts.model_bank import ModelBank, NativeCoding
from ..layouts.storage import Storage
from ..layouts.table import Bitmask, Csr, Dense
from . import statistics
from .coding_plan import PositionPlan, RansPlan, StripsPlan, stream_overhead_bits
from .pool import TablePool
from .statistics import GAP_WIDTHS, GapStatistics
from .tables import binomial, cost, free_form, symbol_bits

BitPatterns = npt.NDArray[Any]
_CODED_GAP_BITS = 8
_LITERAL_BITS = 8
_LEAST_NONZEROS = 256  # below, plain positions are as small
_CLASSES = ((1, 1), (1, 8), (8, 1), (4, 4), (8, 8))
_NO_TABLES = ModelBank([])
_MOST_STRIP = 1 << 18  # columns of a strip: eight rows must fit in a block


def position_plans(
    array: BitPatterns, per_block: int, found: GapStatistics, pool: TablePool, threads: int | None, fast: bool
) -> list[PositionPlan]:
    """All plans, the faster decoders first."""
    nonzeros = found.nonzeros.tolist()
    total = sum(nonzeros)
    sizes = [min(per_block, array.size - start) for start in range(0, array.size, per_block)]
    plans = [
        PositionPlan(Dense(), None, 0.0, nonzeros, sizes),
        PositionPlan(Bitmask(), None, float(sum(-(-size // 8) * 8 for size in sizes)), nonzeros, nonzeros),
        *(_plain_gaps(found, fill, array.itemsize) for fill in (gaps.FILLER, gaps.ESCAPE)),
    ]
    if fast or total < _LEAST_NONZEROS:
        return plans
    if 2 * total <= array.size:
        plans.append(_coded_gaps(array, per_block, found, pool, threads))
    plans.append(_coded_bytes(array, per_block, nonzeros, threads))
    return plans + _strips(array, per_block, nonzeros, threads)


def _plain_gaps(found: GapStatistics, fill: int, itemsize: int) -> PositionPlan:
    """The width that takes the fewest bits, the values of fillers included (which count as values later)."""
    widths = np.arange(1, GAP_WIDTHS + 1, dtype=np.uint64)
    per_width = found.entries[:, fill, :]
    bits = ((per_width * widths + np.uint64(7)) // np.uint64(8)).sum(axis=0) * np.uint64(8)
    fillers = per_width.sum(axis=0) * np.uint64(8 * itemsize if fill == gaps.FILLER else 0)
    best = int((bits + fillers).argmin())
    entries = per_width[:, best].tolist()
    layout = Csr(GapCode(bits=best + 1, fill=fill))
    return PositionPlan(layout, None, float(bits[best]), found.nonzeros.tolist(), entries)


def _storage(array: BitPatterns, plan: PositionPlan, per_block: int) -> Storage:
    storage = statistics.empty_storage(plan.layout, per_block, array.size)
    storage.nonzeros, storage.entries = plan.nonzeros, plan.entries
    return storage


def _counts(array: BitPatterns, plan: PositionPlan, per_block: int, codec: IndexCodec, threads: int | None) -> Any:
    """Counts of the symbols that a codec would code, shape (contexts, 256)."""
    contexts = max(codec.tables()) + 1 if not isinstance(codec, int) else 1
    native = NativeCoding(Coding(codec), _NO_TABLES, array.itemsize, prepared=False)
    table = statistics.job_table(array, _storage(array, plan, per_block), native.address)
    table["nonzeros"], table["entries"] = plan.nonzeros, plan.entries
    counts = np.zeros((contexts, 256), np.uint64)
    failure = _native.count_symbols(table.view(np.uint8), counts.reshape(-1), threads or jobs.default_threads())
    if failure is not None:
        raise jobs.error_of(failure, table, ())
    return counts


def _coded_gaps(
    array: BitPatterns, per_block: int, found: GapStatistics, pool: TablePool, threads: int | None
) -> PositionPlan:
    """Gaps of a byte with escapes, under the table of the file or the new one that costs less."""
    entries = found.entries[:, gaps.ESCAPE, _CODED_GAP_BITS - 1].tolist()
    layout = Csr(GapCode(bits=_CODED_GAP_BITS, fill=gaps.ESCAPE))
    plain = PositionPlan(layout, None, 0.0, found.nonzeros.tolist(), entries)
    counts = _counts(array, plain, per_block, Rans(0), threads)[0]
    tables = [free_form(counts), *(table for table in pool.tables if table.escape < 0)]
    table = min(tables, key=lambda t: cost(counts, symbol_bits(t, _LITERAL_BITS)) + pool.extra_bits({t}))
    bits = cost(counts, symbol_bits(table, _LITERAL_BITS))
    bits += stream_overhead_bits(bits, len(entries))
    return PositionPlan(layout, RansPlan(table), bits, plain.nonzeros, entries)


def _coded_bytes(array: BitPatterns, per_block: int, nonzeros: list[int], threads: int | None) -> PositionPlan:
    """Mask bytes along the rows: finds N:M patterns."""
    plain = PositionPlan(Bitmask(), None, 0.0, nonzeros, nonzeros)
    tables, bits = _mask_tables(_counts(array, plain, per_block, Rans(0), threads))
    bits += stream_overhead_bits(bits, len(nonzeros))
    return PositionPlan(Bitmask(), RansPlan(tables[0]), bits, nonzeros, nonzeros)


def _mask_tables(counts: Any) -> tuple[list[Table], float]:
    """For each context the table that costs least, and the bits of all: binomial, unless the bytes of a context are
    so unlike it that a table of their own pays."""
    counts = counts.astype(np.float64)
    totals = counts.sum(axis=1)
    density = (counts @ _POPCOUNTS) / np.maximum(8 * totals, 1)
    tables = [binomial(p) for p in density.tolist()]
    bits = (counts * np.stack([symbol_bits(table, _LITERAL_BITS) for table in tables])).sum(axis=1)
    for context in np.flatnonzero(_least_bits(counts, totals) < bits).tolist():
        own = free_form(counts[context], by_popcount=True, literal_bits=_LITERAL_BITS)
        own_bits = cost(counts[context], symbol_bits(own, _LITERAL_BITS))
        if own_bits + 8 * len(own.data) < bits[context]:
            tables[context], bits[context] = own, own_bits
    return tables, float(bits.sum())


def _least_bits(counts: Any, totals: Any) -> Any:
    """What a context takes with a table of its own, about: entropy and table. The entropy of a sample is below its
    source's by about 0.72 bits a symbol; a table takes three or four bits for each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.where(counts > 0, counts * np.log2(totals[:, None] / counts), 0).sum(axis=1)
    return entropy + 4.5 * (counts > 0).sum(axis=1) + 64


_POPCOUNTS = np.array([symbol.bit_count() for symbol in range(256)], np.float64)


def _strips(array: BitPatterns, per_block: int, nonzeros: list[int], threads: int | None) -> list[PositionPlan]:
    """Strips with several numbers of classes, where rows are short enough and blocks are whole rows."""
    view = Bitmask().view(array.shape)
    whole_rows = per_block >= array.size or per_block % view.row_elements == 0
    if view.rows < 8 or view.row_elements > _MOST_STRIP or not whole_rows:
        return []
    flags = (array.reshape(view.rows, view.row_elements) != np.zeros((), array.dtype)).view(np.uint8)
    by_row, by_column = flags.sum(axis=1, dtype=np.uint32), flags.sum(axis=0, dtype=np.uint32)
    plain = PositionPlan(Bitmask(), None, 0.0, nonzeros, nonzeros)
    plans = []
    for row_classes, column_classes in _CLASSES:
        if view.rows < 8 * row_classes or view.row_elements < 2 * column_classes:
            continue
        contexts = row_classes * column_classes
        rows, columns = _classes(by_row, row_classes), _classes(by_column, column_classes)
        codec = Strips(row_classes, column_classes, bytes(range(contexts)), rows, columns)
        tables, bits = _mask_tables(_counts(array, plain, per_block, codec, threads))
        bits += stream_overhead_bits(bits, len(nonzeros)) + 8 * _class_bytes(codec)
        codec_plan = StripsPlan(row_classes, column_classes, tables, rows, columns)
        plans.append(PositionPlan(Bitmask(), codec_plan, bits, nonzeros, nonzeros))
    return plans


def _classes(counts: Any, classes: int) -> bytes:
    """Equally many in each class, by density; ties keep their order. Of one class nothing is said."""
    if classes == 1:
        return b""
    ranks = np.empty(len(counts), np.int64)
    ranks[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return (ranks * classes // max(len(counts), 1)).astype(np.uint8).tobytes()


def _class_bytes(codec: Strips) -> int:
    """What classes and the list of tables take in the index."""
    wire = codec.to_wire()
    return len(wire[3]) + len(wire[4]) + len(wire[5])
