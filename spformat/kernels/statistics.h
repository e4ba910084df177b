// What the planner and the order-0 bound need to know of a tensor. Positions are looked at in a mask, one bit for each
// element of the view, which is made once: it is 8 to 64 times smaller than the tensor.
#pragma once
#include "block.h"

namespace spf {

constexpr unsigned kGapWidths = 16;
constexpr unsigned kMostClasses = 16;

// For the default gap code (origin -1, bias 1, one group): the entries that each width 1..16 needs,
// entries[0][bits - 1] with fillers, entries[1][bits - 1] with escapes.
struct GapCosts {
  uint64_t nonzeros;
  uint64_t entries[2][kGapWidths];
};

inline uint64_t words_of_bits(uint64_t count) { return (count + 63) / 64; }

// Bits [first, first + count) of a mask, moved to the start of `out` and followed by zero bits up to a whole word. The
// mask may be read up to 8 bytes beyond its end.
void copy_bits(const uint8_t* mask, uint64_t first, uint64_t count, uint64_t* out);

// Of `elements` elements whose mask starts at a word, with zero bits after the last.
void gap_costs(const uint64_t* mask, uint64_t elements, GapCosts& costs);

// Adds the mask's rows, `columns` bits each: by_row[r] is set, by_column[j] is added to. `row` has room for a row of
// words, `sums` for a byte a column.
void count_lines(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, uint32_t* by_row,
                 uint64_t* by_column, uint64_t* row, uint8_t* sums);

// cells[16 * row class + column class] += set bits. `class_masks` has room for column_classes rows of words.
struct Classes {
  const uint8_t* of_row;
  const uint8_t* of_column;
  unsigned column_classes;
};
void mask_classes(const Classes& classes, uint64_t columns, uint64_t* class_masks);
void count_cells(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, const Classes& classes,
                 const uint64_t* class_masks, uint64_t* row, uint64_t* cells);

// bits[5 * i + j]: the entropy of independent elements that have the density of their cell, for 2^i classes of rows and
// 2^j of columns that are unions of the 16 whose cells are counted. rows, columns: lines of each of the 16.
constexpr unsigned kClassCounts = 5;
void class_entropies(const uint64_t* cells, const uint64_t* rows, const uint64_t* columns, double* bits);

// Adds a strip of up to eight rows, one byte a column, to the mask of the transpose, which has `rows` bits a row: the
// strip's first row is bit `first` of each.
void add_transposed(const uint8_t* strip, uint64_t columns, uint64_t rows, uint64_t first, uint8_t* out);

// histogram[key] += 1 for each nonzero, key = (bits >> shift) & mask, mask < 65536.
void key_histogram(const void* elements, unsigned itemsize, uint64_t count, unsigned shift, uint64_t mask,
                   uint64_t* histogram);

// Bits that are set in both.
using CountBoth = uint64_t (*)(const uint64_t* a, const uint64_t* b, uint64_t words);
uint64_t count_both_scalar(const uint64_t* a, const uint64_t* b, uint64_t words);
uint64_t count_both_avx2(const uint64_t* a, const uint64_t* b, uint64_t words);

// sums[j] += bit j. The loop that counts columns.
using AddBits = void (*)(const uint64_t* bits, uint64_t count, uint8_t* sums);
void add_bits_scalar(const uint64_t* bits, uint64_t count, uint8_t* sums);
void add_bits_avx2(const uint64_t* bits, uint64_t count, uint8_t* sums);

}  // namespace spf
