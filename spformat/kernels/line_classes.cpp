#include "line_classes.h"

#include "log2.h"
#include "simd.h"
#include "statistics.h"

namespace spf {
namespace {

constexpr unsigned kMostSum = 255;  // what a byte holds

double entropy(uint64_t elements, uint64_t ones) {
  return n_log2_n(elements) - n_log2_n(ones) - n_log2_n(elements - ones);
}

// Of `lines` lines, those in classes [first, last).
uint64_t lines_in(uint64_t lines, unsigned first, unsigned last) {
  const auto start = [&](unsigned c) { return (c * lines + kMostClasses - 1) / kMostClasses; };
  return start(last) - start(first);
}

}  // namespace

void count_lines(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, uint64_t* by_row,
                 uint64_t* by_column, uint64_t* row, uint8_t* sums) {
  const uint64_t words = words_of_bits(columns);
  const auto flush = [&] {
    for (uint64_t j = 0; j < columns; ++j) by_column[j] += sums[j];
    std::memset(sums, 0, columns);
  };
  std::memset(sums, 0, columns);
  for (uint64_t r = 0; r < rows; ++r) {
    copy_bits(mask, (first_row + r) * columns, columns, row);
    by_row[first_row + r] = simd().count_bits(reinterpret_cast<const uint8_t*>(row), 8 * words);
    simd().add_bits(row, columns, sums);
    if (r % kMostSum == kMostSum - 1) flush();
  }
  flush();
}

void classes_of(const uint64_t* counts, uint64_t lines, uint64_t* room, uint8_t* classes) {
  uint64_t *order = room, *sorted = room + lines, most = 0;
  for (uint64_t i = 0; i < lines; ++i) {
    order[i] = i;
    most = counts[i] > most ? counts[i] : most;
  }
  for (unsigned shift = 0; shift < 64 && most >> shift; shift += 8) {  // by one byte of the counts after the other
    uint64_t start[257] = {};
    for (uint64_t i = 0; i < lines; ++i) ++start[(counts[i] >> shift & 255) + 1];
    for (unsigned b = 0; b < 256; ++b) start[b + 1] += start[b];
    for (uint64_t k = 0; k < lines; ++k) sorted[start[counts[order[k]] >> shift & 255]++] = order[k];
    uint64_t* const other = order;
    order = sorted;
    sorted = other;
  }
  for (uint64_t rank = 0; rank < lines; ++rank)
    classes[order[rank]] = static_cast<uint8_t>(rank * kMostClasses / lines);
}

void count_cells(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, const uint8_t* of_row,
                 const uint8_t* of_column, uint64_t* row, uint8_t* sums, uint64_t* cells) {
  std::memset(sums, 0, columns);
  for (unsigned c = 0; c < kMostClasses; ++c) {
    const auto flush = [&] {
      for (uint64_t j = 0; j < columns; ++j) cells[kMostClasses * c + of_column[j]] += sums[j];
      std::memset(sums, 0, columns);
    };
    unsigned added = 0;
    for (uint64_t r = first_row; r < first_row + rows; ++r) {
      if (of_row[r] != c) continue;
      copy_bits(mask, r * columns, columns, row);
      simd().add_bits(row, columns, sums);
      if (++added % kMostSum == 0) flush();
    }
    if (added % kMostSum) flush();
  }
}

void class_entropies(const uint64_t* cells, uint64_t rows, uint64_t columns, double* bits) {
  for (unsigned i = 0; i < kClassCounts; ++i) {
    for (unsigned j = 0; j < kClassCounts; ++j) {
      const unsigned down = kMostClasses >> i, across = kMostClasses >> j;  // of the 16 in a union
      double total = 0;
      for (unsigned r = 0; r < kMostClasses; r += down) {
        for (unsigned c = 0; c < kMostClasses; c += across) {
          uint64_t ones = 0;
          for (unsigned k = r; k < r + down; ++k) {
            for (unsigned l = c; l < c + across; ++l) ones += cells[kMostClasses * k + l];
          }
          total += entropy(lines_in(rows, r, r + down) * lines_in(columns, c, c + across), ones);
        }
      }
      bits[kClassCounts * i + j] = total;
    }
  }
}

}  // namespace spf
