#include "frequencies.h"

#include "rans.h"

namespace spf {
namespace {

// Bits of a table, least significant first; reading beyond the end gives zeros and is noticed at the end.
class BitReader {
 public:
  BitReader(const uint8_t* data, size_t bytes) : data_(data), bits_(8 * bytes) {}
  unsigned bit() {
    const unsigned value = at_ < bits_ ? (data_[at_ / 8] >> (at_ % 8)) & 1u : 0;
    ++at_;
    return value;
  }
  unsigned take(unsigned width) {
    unsigned value = 0;
    for (unsigned i = 0; i < width; ++i) value |= bit() << i;
    return value;
  }
  const char* finish() {
    if (at_ > bits_) return "ends inside a code";
    if (bits_ - at_ >= 8) return "something follows the codes";
    while (at_ < bits_) {
      if (bit()) return "padding is not zero";
    }
    return nullptr;
  }

 private:
  const uint8_t* data_;
  size_t bits_, at_ = 0;
};

struct PopcountOrder {
  uint8_t symbol[256];
};

constexpr PopcountOrder make_popcount_order() {
  PopcountOrder order{};
  unsigned rank = 0;
  for (unsigned ones = 0; ones <= 8; ++ones) {
    for (unsigned symbol = 0; symbol < 256; ++symbol) {
      unsigned count = 0;
      for (unsigned rest = symbol; rest; rest &= rest - 1) ++count;
      if (count == ones) order.symbol[rank++] = static_cast<uint8_t>(symbol);
    }
  }
  return order;
}

// A table: without a compiler flag the builtin is a call.
struct SetBits {
  uint8_t count[256];
};

constexpr SetBits make_set_bits() {
  SetBits set{};
  for (unsigned symbol = 1; symbol < 256; ++symbol)
    set.count[symbol] = static_cast<uint8_t>(set.count[symbol / 2] + symbol % 2);
  return set;
}

constexpr SetBits kSetBits = make_set_bits();
constexpr PopcountOrder kPopcountOrder = make_popcount_order();

// Each weight's share of the slots rounded down, at least 1; the first of the heaviest takes the rest.
const char* normalise(const uint64_t* weights, uint16_t* frequencies) {
  uint64_t total = 0;
  unsigned heaviest = 0;
  for (unsigned s = 0; s < 256; ++s) {
    total += weights[s];
    if (weights[s] > weights[heaviest]) heaviest = s;
  }
  if (total == 0) return "no symbol has a weight";
  int64_t left = kSlots;
  for (unsigned s = 0; s < 256; ++s) {
    uint64_t share = weights[s] ? weights[s] * kSlots / total : 0;  // a division takes as long as all else
    if (weights[s] && share == 0) share = 1;
    frequencies[s] = static_cast<uint16_t>(share);
    left -= static_cast<int64_t>(share);
  }
  const int64_t most = frequencies[heaviest] + left;
  if (most < 1) return "too many light symbols";
  frequencies[heaviest] = static_cast<uint16_t>(most);
  return nullptr;
}

const char* read_free_form(const uint8_t* data, size_t bytes, uint16_t* frequencies, int* escape) {
  const bool by_popcount = (data[0] & 3) == kByPopcount, has_escape = data[0] & 4;
  const unsigned rice = (data[0] >> 3) & 3, count = data[1] + 1u;
  const size_t start = has_escape ? 3 : 2;
  if (data[0] >> 5) return "reserved bits are set";
  if (bytes <= start) return "ends before its codes";
  BitReader bits(data + start, bytes - start);
  uint64_t weights[256] = {};
  int code = static_cast<int>(bits.take(6));
  for (unsigned rank = 0;; ++rank) {
    if (code < 0 || code > static_cast<int>(kMostCode)) return "a code is out of range";
    weights[by_popcount ? kPopcountOrder.symbol[rank] : rank] = weight_of(static_cast<unsigned>(code));
    if (rank + 1 == count) break;
    unsigned quotient = 0;
    while (bits.bit()) ++quotient;
    const int zigzag = static_cast<int>((quotient << rice) | bits.take(rice));
    code += zigzag & 1 ? -(zigzag + 1) / 2 : zigzag / 2;
  }
  if (code == 0) return "the last code is zero";
  if (const char* wrong = bits.finish()) return wrong;
  *escape = has_escape ? data[2] : -1;
  if (has_escape && !weights[data[2]]) return "the escape symbol has no weight";
  return normalise(weights, frequencies);
}

const char* read_binomial(const uint8_t* data, size_t bytes, uint16_t* frequencies, int* escape) {
  if (data[0] != kBinomial || bytes != 2 || data[1] >= kLevels) return "not a binomial table";
  const uint64_t p = chance_of_level(data[1]);
  uint64_t chance[9];
  for (unsigned ones = 0; ones <= 8; ++ones) {
    chance[ones] = uint64_t{1} << 32;
    for (unsigned bit = 0; bit < 8; ++bit) chance[ones] = (chance[ones] * (bit < ones ? p : 65536 - p)) >> 16;
  }
  const uint64_t least = (uint64_t{1} << 32) / (2 * kSlots);
  const unsigned rare_symbol = p < 32768 ? 255 : 0;
  uint64_t weights[256], lost = 0;
  bool rare = false;
  for (unsigned s = 0; s < 256; ++s) {
    weights[s] = chance[kSetBits.count[s]];
    if (weights[s] >= least) continue;
    rare = true;
    lost += weights[s];
    weights[s] = 0;
  }
  *escape = rare ? static_cast<int>(rare_symbol) : -1;
  if (rare) weights[rare_symbol] = lost > least ? lost : least;
  return normalise(weights, frequencies);
}

}  // namespace

uint64_t weight_of(unsigned code) { return code ? uint64_t{4 + (code - 1) % 4} << ((code - 1) / 4) : 0; }

uint64_t chance_of_level(unsigned level) { return uint64_t{16u + level % 16} << (level / 16); }

uint8_t symbol_by_popcount(unsigned rank) { return kPopcountOrder.symbol[rank]; }

unsigned set_bits(unsigned symbol) { return kSetBits.count[symbol]; }

const char* read_table(const uint8_t* data, size_t bytes, uint16_t* frequencies, int* escape) {
  if (bytes < 2) return "shorter than two bytes";
  const unsigned kind = data[0] & 3;
  if (kind == kBinomial) return read_binomial(data, bytes, frequencies, escape);
  if (kind > kBinomial) return "a kind that is not known";
  return read_free_form(data, bytes, frequencies, escape);
}

}  // namespace spf
