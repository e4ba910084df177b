// What the planner and the order-0 bound need to know of a tensor.
#pragma once
#include "block.h"

namespace spf {

constexpr unsigned kGapWidths = 16;

// For the default gap code (origin -1, bias 1, one group): the entries that each width 1..16 needs,
// entries[0][bits - 1] with fillers, entries[1][bits - 1] with escapes.
struct GapCosts {
  uint64_t nonzeros;
  uint64_t entries[2][kGapWidths];
};

void gap_costs(const Block& block, const void* elements, GapCosts& costs);

// histogram[key] += 1 for each nonzero, key = (bits >> shift) & mask, mask < 65536.
void key_histogram(const void* elements, unsigned itemsize, uint64_t count, unsigned shift, uint64_t mask,
                   uint64_t* histogram);

}  // namespace spf
