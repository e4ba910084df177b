#include "statistics.h"

#include "nonzeros.h"

namespace spf {
namespace {

constexpr uint64_t kShort = 4096;  // gaps below are counted in a histogram, longer ones priced one by one

constexpr uint64_t kTiny = 64;

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

// The symbols of the code with escapes and 8 bits for so many gaps of d.
void count_gaps(uint64_t d, uint64_t gaps, uint64_t* counts) {
  const uint64_t step = step_of(true, 8);
  counts[step] += (d - 1) / step * gaps;
  counts[(d - 1) % step] += gaps;
}

}  // namespace

void copy_bits(const uint8_t* mask, uint64_t first, uint64_t count, uint64_t* out) {
  const uint8_t* from = mask + first / 8;
  const unsigned skip = first % 8;
  const uint64_t words = words_of_bits(count);
  for (uint64_t w = 0; w < words; ++w) {
    const uint64_t low = load<uint64_t>(from + 8 * w);
    out[w] = skip ? low >> skip | uint64_t{from[8 * w + 8]} << (64 - skip) : low;
  }
  if (count % 64) out[words - 1] &= (uint64_t{1} << (count % 64)) - 1;
}

void gap_costs(const uint64_t* mask, uint64_t elements, GapCosts& costs, uint64_t* counts) {
  uint32_t tiny[4][kTiny] = {};  // several, because equal gaps that follow each other would wait for each other
  uint32_t found[kShort] = {};
  uint64_t next = 0, longest = kTiny - 1, nonzeros = 0;
  costs = {};
  for_each_bit(mask, elements, [&](uint64_t position) {
    const uint64_t d = position - next + 1;
    next = position + 1;
    ++nonzeros;
    if (d < kTiny) {
      ++tiny[nonzeros % 4][d];
    } else if (d < kShort) {
      ++found[d];
      longest = d > longest ? d : longest;
    } else {
      price_one(d, costs);
      count_gaps(d, 1, counts);
    }
  });
  costs.nonzeros = nonzeros;
  for (uint64_t d = 1; d < kTiny; ++d) found[d] = tiny[0][d] + tiny[1][d] + tiny[2][d] + tiny[3][d];
  while (longest && !found[longest]) --longest;
  uint32_t above = 0;  // turns found[d] into the number of gaps above d
  for (uint64_t d = longest + 1; d-- > 0;) {
    const uint32_t here = found[d];
    if (here) count_gaps(d, here, counts);
    found[d] = above;
    above += here;
  }
  price(found, longest, costs);
}

void count_symbols(const uint8_t* symbols, const uint8_t* contexts, uint64_t count, uint64_t* counts) {
  if (contexts) {
    for (uint64_t i = 0; i < count; ++i) ++counts[256u * contexts[i] + symbols[i]];
    return;
  }
  constexpr unsigned kApart = 4;  // equal symbols that follow each other would wait for each other
  constexpr uint64_t kMost = uint64_t{1} << 31;
  uint32_t apart[kApart][256];
  for (uint64_t start = 0; start < count; start += kMost) {
    const uint64_t end = count - start < kMost ? count : start + kMost;
    std::memset(apart, 0, sizeof apart);
    uint64_t i = start;
    for (; i + 8 <= end; i += 8) {
      const auto eight = load<uint64_t>(symbols + i);
      for (unsigned k = 0; k < 8; ++k) ++apart[k % kApart][eight >> (8 * k) & 255];
    }
    for (; i < end; ++i) ++apart[0][symbols[i]];
    for (unsigned s = 0; s < 256; ++s) counts[s] += uint64_t{apart[0][s]} + apart[1][s] + apart[2][s] + apart[3][s];
  }
}

void add_transposed(const uint8_t* strip, uint64_t columns, uint64_t rows, uint64_t first, uint8_t* out) {
  if (rows % 8 == 0) {
    for (uint64_t j = 0; j < columns; ++j) out[(j * rows + first) / 8] = strip[j];
    return;
  }
  for (uint64_t j = 0; j < columns; ++j) {
    if (!strip[j]) continue;
    const uint64_t bit = j * rows + first;
    const unsigned shifted = static_cast<unsigned>(strip[j]) << (bit % 8);
    out[bit / 8] = static_cast<uint8_t>(out[bit / 8] | shifted);
    if (shifted >> 8) out[bit / 8 + 1] = static_cast<uint8_t>(out[bit / 8 + 1] | (shifted >> 8));
  }
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

void count_keys(const void* elements, unsigned itemsize, const uint64_t* nonzeros, uint64_t count, unsigned shift,
                uint64_t mask, uint64_t* histogram) {
  with_item(itemsize, [&]<class Item>(Item*) {
    if constexpr (sizeof(Item) <= 8) {
      const auto* from = static_cast<const uint8_t*>(elements);
      for_each_bit(nonzeros, count, [&](uint64_t position) {
        ++histogram[(uint64_t{load<Item>(from + position * sizeof(Item))} >> shift) & mask];
      });
    }
  });
}

void add_bits_scalar(const uint64_t* bits, uint64_t count, uint8_t* sums) {
  for (uint64_t j = 0; j < count; ++j) sums[j] = static_cast<uint8_t>(sums[j] + ((bits[j / 64] >> (j % 64)) & 1));
}

}  // namespace spf
