// Tables of rANS as they stand in the index (spec/format.md, section 7.3) -> frequencies.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spf {

// Fills 256 frequencies that add up to 4096 and the escape symbol (-1: none). Returns null, or what is wrong.
const char* read_table(const uint8_t* data, size_t bytes, uint16_t* frequencies, int* escape);

}  // namespace spf
