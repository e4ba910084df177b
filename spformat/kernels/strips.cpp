#include "strips.h"

namespace spf {

void strip_to_rows_scalar(const uint8_t* strip, uint64_t columns, uint8_t* const rows[8]) {
  for (unsigned r = 0; r < 8; ++r) {
    if (!rows[r]) continue;
    for (uint64_t j = 0; j < columns; j += 8) {
      unsigned byte = 0;
      for (uint64_t k = j; k < columns && k < j + 8; ++k) byte |= ((strip[k] >> r) & 1u) << (k - j);
      rows[r][j / 8] = static_cast<uint8_t>(byte);
    }
  }
}

void rows_to_strip_scalar(const uint8_t* const rows[8], uint64_t columns, uint8_t* strip) {
  for (uint64_t j = 0; j < columns; ++j) {
    unsigned byte = 0;
    for (unsigned r = 0; r < 8; ++r) {
      if (rows[r]) byte |= ((rows[r][j / 8] >> (j % 8)) & 1u) << r;
    }
    strip[j] = static_cast<uint8_t>(byte);
  }
}

void table_of_columns_scalar(const uint8_t* table, unsigned, const uint8_t* classes, uint64_t columns, uint8_t* out) {
  for (uint64_t j = 0; j < columns; ++j) out[j] = table[classes[j]];
}

}  // namespace spf
