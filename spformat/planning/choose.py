"""The planner: the size of every candidate, the smallest wins, ties go to the one that decodes faster.

One near tie, too: dense with an entropy coder has a symbol for each zero, where a mask has one for eight elements, and
must save something for that."""

from __future__ import annotations

from ..layouts import gaps
from ..layouts.table import Csr, Dense
from .candidate import Candidate, Plans, Weighing, weigh
from .codebooks import codebook_plans
from .coding_plan import PositionPlan, ValuePlan, stream_overhead_bits
from .mask import LARGE
from .pool import TablePool
from .survey import Survey
from .values import Histogram, best_split

_RAW = ValuePlan(None, 0.0)
_WORTH_CODED_ZEROS = 128  # one of so many bytes: where masks are independent, dense codes save about half of that


def choose(name: str, survey: Survey, pool: TablePool) -> Candidate:
    """The smallest candidate for a tensor in a file with these tables."""
    if survey.storage is not None:
        return weigh(name, survey.dtype, survey.shape, survey.storage)
    weighing = Weighing(name, survey.dtype, survey.shape, survey.per_block, pool)
    values = _Values(survey, pool)
    dense, *others = survey.positions.plans(pool)
    best = weighing.smallest(_plans(others, values))
    most = best.bytes - weighing.entry_bytes(dense) if best else None
    of_dense = weighing.smallest(_plans([dense], values, most))
    assert of_dense is not None
    return of_dense if best is None or of_dense.bytes <= best.bytes - _least_saved(survey, of_dense) else best


def _least_saved(survey: Survey, dense: Candidate) -> int:
    """Bytes that dense must save against the others: none where it has no codes for zeros, or where zeros are few, or
    where a tensor is small."""
    has_codes = dense.is_coded and 2 * survey.nonzeros <= survey.elements
    return dense.bytes // _WORTH_CODED_ZEROS if has_codes and survey.elements >= LARGE else 0


def candidates(name: str, survey: Survey, pool: TablePool) -> list[Candidate]:
    """All candidates, the fastest decoder first."""
    if survey.storage is not None:
        return [weigh(name, survey.dtype, survey.shape, survey.storage)]
    weighing = Weighing(name, survey.dtype, survey.shape, survey.per_block, pool)
    plans = _plans(survey.positions.plans(pool), _Values(survey, pool))
    return [weighing.candidate(position, value) for position, values in plans for value in values]


def _plans(positions: list[PositionPlan], values: _Values, most: int | None = None) -> list[Plans]:
    """Each plan for positions with those for values. most: bytes of blocks and tables beyond which none is wanted."""
    return [(position, [_RAW, *values.plans(position, most)]) for position in positions]


class _Values:
    """The ways to code the values of a tensor, found once for the nonzeros and once for all elements."""

    def __init__(self, survey: Survey, pool: TablePool) -> None:
        self._survey, self._pool = survey, pool
        self._of_nonzeros: list[ValuePlan] | None = None

    def plans(self, position: PositionPlan, most: int | None) -> list[ValuePlan]:
        """Those that a plan for positions can have: with fillers none, with dense for the zeros too."""
        layout, blocks = position.layout, len(position.nonzeros)
        if isinstance(layout, Csr) and layout.gap.fill == gaps.FILLER:
            return []
        if isinstance(layout, Dense):
            return self._weighed(self._survey.zeros, blocks, most)
        if self._of_nonzeros is None:
            self._of_nonzeros = self._weighed(0, blocks, None)
        return self._of_nonzeros

    def _weighed(self, zeros: int, blocks: int, most: int | None) -> list[ValuePlan]:
        found: list[ValuePlan] = []
        histogram, few = self._survey.histogram, self._survey.few
        if histogram is not None and self._may_pay(histogram, zeros, blocks, most):
            split = best_split(histogram.with_zeros(zeros), blocks, self._pool)
            found += [] if split is None else [split]
        distinct = few and (few.of_elements if zeros else few.of_nonzeros)
        if distinct and 2 * len(distinct.patterns) <= distinct.total:  # else the codebook alone is too long
            found += codebook_plans(distinct, blocks, self._pool, self._survey.fast)
        return found

    def _may_pay(self, histogram: Histogram, zeros: int, blocks: int, most: int | None) -> bool:
        """Whether a floatsplit of values and so many zeros may take no more than `most` bytes. A zero takes at least
        its raw bits, in a mask one bit an element: beyond that dense cannot win."""
        if zeros * (histogram.shift + 1) > self._survey.elements:
            return False
        return most is None or histogram.least_bits(zeros) + stream_overhead_bits(0.0, blocks) <= 8 * most
