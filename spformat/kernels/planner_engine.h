// What the planner asks of a tensor, on threads. Masks have one bit for each element of a view and are readable 16 bytes
// beyond their end; blocks have `per_block` elements, fewer in the last.
#pragma once
#include "engine.h"
#include "split_maker.h"
#include "statistics.h"

namespace spf {

// The mask of a tensor's elements in C order; `mask` has room for whole words. Returns the number of set bits.
uint64_t run_nonzero_mask(const void* elements, unsigned itemsize, uint64_t count, uint64_t* mask, unsigned threads);

// The mask of the transpose; `out` is zero.
JobFailure run_transpose_mask(const uint8_t* mask, uint64_t rows, uint64_t columns, uint8_t* out);

// Gap costs of each block, and how often each symbol occurs in all blocks together were their gaps bytes (see gap_costs).
JobFailure run_gap_costs(const uint8_t* mask, uint64_t elements, uint64_t per_block, GapCosts* costs, uint64_t* counts,
                         unsigned threads);

// How often each byte occurs in the masks of all blocks together.
JobFailure run_count_bytes(const uint8_t* mask, uint64_t elements, uint64_t per_block, uint64_t* counts,
                           unsigned threads);

// How often each byte occurs in strips: counts[256 * (row class * column_classes + column class) + byte]. Without bytes of
// classes there is one. Blocks are whole rows.
struct StripClasses {
  const uint8_t *of_row, *of_column;
  uint8_t row_classes, column_classes;
};
JobFailure run_count_strips(const uint8_t* mask, uint64_t rows, uint64_t columns, uint64_t per_block,
                            const StripClasses& classes, uint64_t* counts, unsigned threads);

// The class of each row and column of 16, by density, and for fewer classes the entropies: see line_classes.h.
JobFailure run_line_classes(const uint8_t* mask, uint64_t rows, uint64_t columns, uint8_t* of_row, uint8_t* of_column,
                            double* bits, unsigned threads);

// How often the nonzeros whose mask is given have each number as their bits from `shift` on, `bits` of them. `counts` has
// room for 1 << bits numbers; what is occupied stands at its start.
JobFailure run_leading_bits(const void* elements, unsigned itemsize, const uint64_t* mask, uint64_t count, unsigned shift,
                            unsigned bits, uint64_t* counts, Span* span, unsigned threads);

// make_splits, with the room that it needs.
JobFailure run_make_splits(const Leading& leading, MadeSplit made[2], unsigned* found);

}  // namespace spf
