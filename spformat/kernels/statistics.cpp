#include "statistics.h"

#include <cmath>

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

double entropy(double elements, double ones) {
  if (ones <= 0 || ones >= elements) return 0;
  return ones * std::log2(elements / ones) + (elements - ones) * std::log2(elements / (elements - ones));
}

uint64_t count_words(const uint64_t* words, uint64_t count) {
  return simd().count_bits(reinterpret_cast<const uint8_t*>(words), 8 * count);
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

void gap_costs(const uint64_t* mask, uint64_t elements, GapCosts& costs) {
  uint32_t count[kShort] = {};
  uint64_t next = 0, longest = 0;
  costs = {};
  for_each_bit(mask, elements, [&](uint64_t position) {
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

void count_lines(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, uint32_t* by_row,
                 uint64_t* by_column, uint64_t* row, uint8_t* sums) {
  const uint64_t words = words_of_bits(columns);
  const auto flush = [&] {
    for (uint64_t j = 0; j < columns; ++j) by_column[j] += sums[j];
    std::memset(sums, 0, columns);
  };
  std::memset(sums, 0, columns);
  for (uint64_t r = 0; r < rows; ++r) {
    copy_bits(mask, (first_row + r) * columns, columns, row);
    by_row[first_row + r] = static_cast<uint32_t>(count_words(row, words));
    simd().add_bits(row, columns, sums);
    if (r % 255 == 254) flush();  // a byte holds no more
  }
  flush();
}

void mask_classes(const Classes& classes, uint64_t columns, uint64_t* class_masks) {
  const uint64_t words = words_of_bits(columns);
  std::memset(class_masks, 0, 8 * words * classes.column_classes);
  for (uint64_t j = 0; j < columns; ++j)
    class_masks[classes.of_column[j] * words + j / 64] |= uint64_t{1} << (j % 64);
}

void count_cells(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, const Classes& classes,
                 const uint64_t* class_masks, uint64_t* row, uint64_t* cells) {
  const uint64_t words = words_of_bits(columns);
  for (uint64_t r = first_row; r < first_row + rows; ++r) {
    copy_bits(mask, r * columns, columns, row);
    for (unsigned c = 0; c < classes.column_classes; ++c) {
      cells[kMostClasses * classes.of_row[r] + c] += simd().count_both(row, class_masks + c * words, words);
    }
  }
}

void class_entropies(const uint64_t* cells, const uint64_t* rows, const uint64_t* columns, double* bits) {
  for (unsigned i = 0; i < kClassCounts; ++i) {
    for (unsigned j = 0; j < kClassCounts; ++j) {
      const unsigned down = kMostClasses >> i, across = kMostClasses >> j;  // of the 16 in a union
      double total = 0;
      for (unsigned r = 0; r < kMostClasses; r += down) {
        for (unsigned c = 0; c < kMostClasses; c += across) {
          uint64_t ones = 0, height = 0, width = 0;
          for (unsigned k = r; k < r + down; ++k) {
            height += rows[k];
            for (unsigned l = c; l < c + across; ++l) ones += cells[kMostClasses * k + l];
          }
          for (unsigned l = c; l < c + across; ++l) width += columns[l];
          total += entropy(static_cast<double>(height * width), static_cast<double>(ones));
        }
      }
      bits[kClassCounts * i + j] = total;
    }
  }
}

void add_transposed(const uint8_t* strip, uint64_t columns, uint64_t rows, uint64_t first, uint8_t* out) {
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

uint64_t count_both_scalar(const uint64_t* a, const uint64_t* b, uint64_t words) {
  uint64_t found = 0;
  for (uint64_t w = 0; w < words; ++w) found += static_cast<uint64_t>(__builtin_popcountll(a[w] & b[w]));
  return found;
}

void add_bits_scalar(const uint64_t* bits, uint64_t count, uint8_t* sums) {
  for (uint64_t j = 0; j < count; ++j) sums[j] = static_cast<uint8_t>(sums[j] + ((bits[j / 64] >> (j % 64)) & 1));
}

}  // namespace spf
