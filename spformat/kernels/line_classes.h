// Classes of rows and columns by density, and what a mask takes with so many of them (spec/format.md, section 7.5).
#pragma once
#include "block.h"

namespace spf {

constexpr unsigned kMostClasses = 16;
constexpr unsigned kClassCounts = 5;  // 1, 2, 4, 8 and 16: the fewer are unions of the 16

// Adds the mask's rows, `columns` bits each: by_row[r] is set, by_column[j] is added to. `row` has room for a row of
// words, `sums` for a byte a column.
void count_lines(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, uint64_t* by_row,
                 uint64_t* by_column, uint64_t* row, uint8_t* sums);

// The finest classes, equally many lines in each, by the lines' counts; of equal counts the first comes first. `room`
// has 2 * lines numbers.
void classes_of(const uint64_t* counts, uint64_t lines, uint64_t* room, uint8_t* classes);

// cells[16 * row class + column class] += set bits of rows [first_row, first_row + rows). `row` and `sums` as above.
void count_cells(const uint8_t* mask, uint64_t first_row, uint64_t rows, uint64_t columns, const uint8_t* of_row,
                 const uint8_t* of_column, uint64_t* row, uint8_t* sums, uint64_t* cells);

// bits[5 * i + j]: the entropy of independent elements that have the density of their cell, for 2^i classes of rows and
// 2^j of columns.
void class_entropies(const uint64_t* cells, uint64_t rows, uint64_t columns, double* bits);

}  // namespace spf
