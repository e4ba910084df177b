// Tables of rANS as they stand in the index (spec/format.md, section 7.3) -> frequencies.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spf {

// Fills 256 frequencies that add up to 4096 and the escape symbol (-1: none). Returns null, or what is wrong.
const char* read_table(const uint8_t* data, size_t bytes, uint16_t* frequencies, int* escape);

// Kinds and numbers of section 7.3, for the maker of tables too.
constexpr unsigned kByPopcount = 1, kBinomial = 2, kMostCode = 48, kLevels = 192;
uint64_t weight_of(unsigned code);                 // 0 for code 0
uint64_t chance_of_level(unsigned level);          // over 65536
uint8_t symbol_by_popcount(unsigned rank);
unsigned set_bits(unsigned symbol);

}  // namespace spf
