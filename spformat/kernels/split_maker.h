// Floatsplits made for histograms: the encoder's choice of shift, base and table (spec/format.md, section 7.4).
#pragma once
#include "floatsplit.h"
#include "table_maker.h"

namespace spf {

constexpr unsigned kLeadingBits = 15;  // magnitude bits that are looked at: what a literal can hold
constexpr unsigned kFolds = 8;         // bits that can be taken off them
constexpr uint64_t kCoarsest = uint64_t{1} << (kFolds - 1);
constexpr unsigned kLiteralBits = 16;

// How often values of `width` bits have each number as their leading magnitude bits: counts[i] for the number first + i,
// where first and size are multiples of kCoarsest. shift: of the lowest of these bits. Other numbers do not occur.
struct Leading {
  const uint64_t* counts;
  uint64_t size, first;
  unsigned shift, width;
};

struct MadeSplit {
  Split split;
  double bits;  // of keys and literals
  size_t table_bytes;
  uint8_t table[kMostTableBytes];
};

// The counts without the zeros at both ends, whose place is returned: real weights span a few octaves out of 256.
struct Span {
  uint64_t first, size;
};
Span occupied(const uint64_t* counts, uint64_t size);

// The entropy in bits of all the leading bits together: what no split takes less than.
double leading_entropy(const Leading& leading);

// The splits with tables of their own for the two folds that promise the fewest bits, the more promising first. Returns
// how many there are. `room` has leading.size numbers.
unsigned make_splits(const Leading& leading, uint64_t* room, MadeSplit out[2]);

// Bits of keys and literals under a table; infinite where it cannot code them.
double split_bits(const Leading& leading, const Split& split, const uint16_t* frequencies, int escape);

}  // namespace spf
