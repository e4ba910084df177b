#include "statistics.h"

#include "layouts.h"
#include "nonzeros.h"

namespace spf {
namespace {

constexpr uint64_t kShort = 4096;  // gaps below are counted in a histogram, longer ones priced one by one

uint64_t step_of(bool escape, unsigned bits) { return (uint64_t{1} << bits) - (escape ? 1 : 0); }

// A gap of d needs ceil(d / D) entries: the sum over d is the sum over k >= 0 of the number of gaps above k*D.
void price(const uint32_t* above, uint64_t longest, GapCosts& costs) {
  for (int escape = 0; escape < 2; ++escape) {
    for (unsigned bits = 1; bits <= kGapWidths; ++bits) {
      const uint64_t step = step_of(escape, bits);
      for (uint64_t d = 0; d < longest; d += step) costs.entries[escape][bits - 1] += above[d];
    }
  }
}

void price_one(uint64_t d, GapCosts& costs) {
  for (int escape = 0; escape < 2; ++escape) {
    for (unsigned bits = 1; bits <= kGapWidths; ++bits) {
      const uint64_t step = step_of(escape, bits);
      costs.entries[escape][bits - 1] += (d + step - 1) / step;
    }
  }
}

}  // namespace

void gap_costs(const Block& block, const void* elements, GapCosts& costs) {
  uint32_t count[kShort] = {};
  uint64_t next = 0, longest = 0;
  costs = {};
  for_each_nonzero(elements, block.itemsize, block.elements, [&](uint64_t position) {
    const uint64_t d = position - next + 1;
    next = position + 1;
    ++costs.nonzeros;
    if (d >= kShort) return price_one(d, costs);
    ++count[d];
    longest = d > longest ? d : longest;
  });
  uint32_t above = 0;  // turns count[d] into the number of gaps above d
  for (uint64_t d = longest + 1; d-- > 0;) {
    const uint32_t here = count[d];
    count[d] = above;
    above += here;
  }
  price(count, longest, costs);
}

void count_symbols(const Block& block, const void* elements, Workspace& work, uint64_t* counts) {
  if (block.layout == kCsr) {
    gather_codes(block, elements, work.symbols);
    for (uint64_t i = 0; i < block.entries; ++i) ++counts[work.symbols[i]];
    return;
  }
  gather_mask(block, elements, work.mask, work.values);
  const Symbols symbols = mask_symbols(block, work.mask, work);
  for (uint64_t i = 0; i < symbols.count; ++i) ++counts[256u * symbols.contexts.at(i) + work.symbols[i]];
}

void key_histogram(const void* elements, unsigned itemsize, uint64_t count, unsigned shift, uint64_t mask,
                   uint64_t* histogram) {
  with_item(itemsize, [&]<class Item>(Item*) {
    const Item* from = static_cast<const Item*>(elements);
    for_each_nonzero(elements, itemsize, count, [&](uint64_t position) {
      if constexpr (sizeof(Item) == 16) {
        ++histogram[(from[position].high >> shift) & mask];
      } else {
        ++histogram[(uint64_t{from[position]} >> shift) & mask];
      }
    });
  });
}

}  // namespace spf
