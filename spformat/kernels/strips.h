// Masks as strips of eight rows (spec/format.md, section 7.5): one byte a column, bit r for the strip's r-th row.
#pragma once
#include "block.h"

namespace spf {

// rows[r] is where the mask of the strip's r-th row starts, or null for a row that is not there. The masks are byte
// aligned; a row takes bytes_of_bits(columns, 1) bytes.
using StripToRows = void (*)(const uint8_t* strip, uint64_t columns, uint8_t* const rows[8]);
using RowsToStrip = void (*)(const uint8_t* const rows[8], uint64_t columns, uint8_t* strip);

// out[j] = table[classes[j]]: which table codes each column of a strip. `count` tables, 2 to 16.
using TableOfColumns = void (*)(const uint8_t* table, unsigned count, const uint8_t* classes, uint64_t columns,
                                uint8_t* out);

void table_of_columns_scalar(const uint8_t* table, unsigned count, const uint8_t* classes, uint64_t columns,
                             uint8_t* out);
void table_of_columns_avx2(const uint8_t* table, unsigned count, const uint8_t* classes, uint64_t columns,
                           uint8_t* out);
void strip_to_rows_scalar(const uint8_t* strip, uint64_t columns, uint8_t* const rows[8]);
void strip_to_rows_avx2(const uint8_t* strip, uint64_t columns, uint8_t* const rows[8]);
void rows_to_strip_scalar(const uint8_t* const rows[8], uint64_t columns, uint8_t* strip);
void rows_to_strip_avx2(const uint8_t* const rows[8], uint64_t columns, uint8_t* strip);

}  // namespace spf
