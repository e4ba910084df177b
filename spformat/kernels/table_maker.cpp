#include "table_maker.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "bits.h"
#include "frequencies.h"
#include "log2.h"
#include "rans.h"
#include "table_codes.h"

namespace spf {
namespace {

constexpr unsigned kMaskLiteral = 8;  // bits of a literal that follows an escape in a mask
// Symbols up to which codes are chosen for symbols and table together: it saves some bytes, and takes ten times as long.
constexpr double kFewSymbols = 6000;
constexpr double kCodeBits = 3;       // what a symbol takes in a table, about

// Weights from one to the next differ by 17 to 25 per cent: a code is taken from the middle of their logarithms on.
struct Edges {
  double above[kMostCode];  // above[c - 1]: the largest share of the heaviest for which code c is the nearest
  Edges() {
    const double heaviest = static_cast<double>(weight_of(kMostCode));
    for (unsigned c = 1; c < kMostCode; ++c)
      above[c - 1] = std::sqrt(static_cast<double>(weight_of(c)) * static_cast<double>(weight_of(c + 1))) / heaviest;
    above[kMostCode - 1] = std::numeric_limits<double>::infinity();
  }
};

unsigned code_of(double share) {
  static const Edges edges;
  unsigned low = 0, high = kMostCode - 1;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (share > edges.above[middle]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low + 1;
}

// Moves the symbols that do not pay for their slot to an escape; returns it, or -1 when all symbols pay.
int with_escape(double* counts, const Wanted& wanted) {
  double total = wanted.outside;
  unsigned most = 0, least = 0;
  for (unsigned s = 0; s < 256; ++s) {
    total += counts[s];
    if (counts[s] > counts[most]) most = s;
    if (counts[s] < counts[least]) least = s;
  }
  total = total < 1 ? 1 : total;
  const double slot = total / kSlots;
  bool kept[256], all = true;
  for (unsigned s = 0; s < 256; ++s) {
    const double n = counts[s];
    const double saved = n > 0 ? n * (wanted.literal_bits + 8 - std::log2(total / n)) : 0;
    const double wasted = kCodeBits + (slot > n ? 1.4427 * (slot - n) : 0);
    kept[s] = (n > 0 && saved > wasted) || s == most;
    all &= kept[s];
  }
  if (all && wanted.outside == 0) return -1;
  if (all) kept[least] = false;
  int escape = -1;
  double moved = wanted.outside;
  for (unsigned s = 0; s < 256; ++s) {
    if (kept[s]) continue;
    if (escape < 0) escape = static_cast<int>(s);
    moved += counts[s];
    counts[s] = 0;
  }
  counts[escape] = moved > slot / 4 ? moved : slot / 4;
  return escape;
}

unsigned zigzag_of(int step) { return static_cast<unsigned>(step >= 0 ? 2 * step : -2 * step - 1); }

unsigned best_rice(const unsigned* codes, unsigned count) {
  unsigned best = 0;
  uint64_t fewest = ~uint64_t{0};
  for (unsigned rice = 0; rice < 4; ++rice) {
    uint64_t bits = 0;
    for (unsigned i = 1; i < count; ++i)
      bits += step_bits(codes[i - 1], codes[i], rice);
    if (bits >= fewest) continue;
    fewest = bits;
    best = rice;
  }
  return best;
}

// 6 bits for the first code, then the differences.
uint8_t* write_codes_of_table(const unsigned* codes, unsigned count, unsigned rice, uint8_t* out) {
  WideBitWriter bits(out);
  bits.put(codes[0], 6);
  for (unsigned i = 1; i < count; ++i) {
    const unsigned zigzag = zigzag_of(static_cast<int>(codes[i]) - static_cast<int>(codes[i - 1]));
    for (unsigned quotient = zigzag >> rice; quotient; --quotient) bits.put(1, 1);
    bits.put(0, 1);
    bits.put(zigzag & ((1u << rice) - 1), rice);
  }
  return bits.finish();
}

double cost(const double* counts, const double* bits) {
  double total = 0;
  for (unsigned s = 0; s < 256; ++s) total += counts[s] > 0 ? counts[s] * bits[s] : 0;
  return total;
}

void bits_under(const uint8_t* table, size_t bytes, double* bits) {
  uint16_t frequencies[256];
  int escape = -1;
  if (read_table(table, bytes, frequencies, &escape)) {
    std::fill_n(bits, 256, std::numeric_limits<double>::infinity());
  } else {
    symbol_bits(frequencies, escape, kMaskLiteral, bits);
  }
}

// What a context takes with a table of its own, about: entropy and table. The entropy of a sample is below its
// source's by about 0.72 bits a symbol; a table takes three or four bits for each.
double least_bits(const uint64_t* counts, uint64_t total) {
  double bits = 64 + n_log2_n(total);
  for (unsigned s = 0; s < 256; ++s) bits += counts[s] ? 4.5 - n_log2_n(counts[s]) : 0;
  return bits;
}

// Levels of binomial tables are closer than it pays where bits are rare: fewer tables are shared by more contexts. An
// error of a tenth in the density costs 0.7 per cent of p, but near one half as much as 0.01 bit an element.
unsigned level_step(unsigned level) { return level >= 160 ? 1 : level >= 128 ? 2 : 4; }

// The levels that are used: the logarithm of each one's density, and the bits of each symbol under its table.
class Binomials {
 public:
  Binomials() {
    for (unsigned level = 0; level < kLevels; level += level_step(level)) {
      const uint8_t table[2] = {kBinomial, static_cast<uint8_t>(level)};
      bits_under(table, sizeof table, bits_[level]);
      log_density_[level] = std::log2(static_cast<double>(chance_of_level(level)) / 65536);
    }
  }

  const double* bits(unsigned level) const { return bits_[level]; }

  uint8_t nearest(double density) const {
    const double wanted = std::log2(density > 1e-9 ? density : 1e-9);
    unsigned best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (unsigned level = 0; level < kLevels; level += level_step(level)) {
      const double away = std::fabs(log_density_[level] - wanted);
      if (away >= least) continue;
      least = away;
      best = level;
    }
    return static_cast<uint8_t>(best);
  }

 private:
  double log_density_[kLevels] = {}, bits_[kLevels][256] = {};
};

// The binomial table of the density of bits in bytes with these counts, and what they take.
size_t make_binomial_table(const double* counts, uint8_t* out, double* bits) {
  static const Binomials binomials;
  double total = 0, ones = 0;
  for (unsigned s = 0; s < 256; ++s) {
    total += counts[s];
    ones += counts[s] * set_bits(s);
  }
  out[0] = kBinomial;
  out[1] = binomials.nearest(total > 0 ? ones / (8 * total) : 0);
  *bits = cost(counts, binomials.bits(out[1]));
  return 2;
}

// Puts the table that is made for the counts in the place of the one in `out`, of `size` bytes, where it takes fewer bits with
// its own; returns its size.
size_t make_cheaper_table(const double* counts, const Wanted& wanted, size_t size, uint8_t* out, double* bits) {
  uint8_t own[kMostTableBytes];
  double own_bits[256];
  const size_t own_size = make_table(counts, wanted, own);
  bits_under(own, own_size, own_bits);
  const double found = cost(counts, own_bits);
  if (found + 8 * static_cast<double>(own_size) >= *bits + 8 * static_cast<double>(size)) return size;
  *bits = found;
  std::memcpy(out, own, own_size);
  return own_size;
}

uint64_t to_doubles(const uint64_t* counts, double* exact) {
  for (unsigned s = 0; s < 256; ++s) exact[s] = static_cast<double>(counts[s]);
  return std::accumulate(counts, counts + 256, uint64_t{0});
}

}  // namespace

size_t make_table(const double* counts, const Wanted& wanted, uint8_t* out) {
  double shares[256], most = 0;
  std::memcpy(shares, counts, sizeof shares);
  const int escape = wanted.literal_bits ? with_escape(shares, wanted) : -1;
  for (const double share : shares) most = share > most ? share : most;
  unsigned codes[256], count = 1;
  for (unsigned rank = 0; rank < 256; ++rank) {
    const double share = shares[wanted.by_popcount ? symbol_by_popcount(rank) : rank];
    codes[rank] = share > 0 ? code_of(share / most) : 0;
    if (codes[rank]) count = rank + 1;
  }
  const bool exact = wanted.literal_bits == 0 && !wanted.by_popcount;
  if (exact && std::accumulate(counts, counts + 256, 0.0) <= kFewSymbols) cheapen_codes(counts, count, codes);
  const unsigned rice = best_rice(codes, count);
  out[0] = static_cast<uint8_t>((wanted.by_popcount ? kByPopcount : 0) | (escape >= 0 ? 4 : 0) | rice << 3);
  out[1] = static_cast<uint8_t>(count - 1);
  uint8_t* end = out + 2;
  if (escape >= 0) *end++ = static_cast<uint8_t>(escape);
  return static_cast<size_t>(write_codes_of_table(codes, count, rice, end) - out);
}

size_t make_symbol_table(const uint64_t* counts, uint8_t* out, double* bits) {
  double exact[256], own[256];
  for (unsigned s = 0; s < 256; ++s) exact[s] = static_cast<double>(counts[s]);
  const size_t size = make_table(exact, {}, out);
  bits_under(out, size, own);
  *bits = cost(exact, own);
  return size;
}

size_t cheapest_table(const double* bits, size_t tables, const uint64_t* counts, double* least) {
  unsigned seen[256], symbols = 0;
  double exact[256];
  for (unsigned s = 0; s < 256; ++s) {
    if (!counts[s]) continue;
    exact[symbols] = static_cast<double>(counts[s]);
    seen[symbols++] = s;
  }
  size_t best = 0;
  for (size_t table = 0; table < tables; ++table) {
    double here = 0;
    for (unsigned k = 0; k < symbols; ++k) here += exact[k] * bits[256 * table + seen[k]];
    if (table && here >= *least) continue;
    best = table;
    *least = here;
  }
  return best;
}

size_t make_mask_table(const uint64_t* counts, uint8_t* out, double* bits) {
  double exact[256];
  const uint64_t total = to_doubles(counts, exact);
  const size_t size = make_binomial_table(exact, out, bits);
  if (total == 0 || least_bits(counts, total) >= *bits) return size;
  return make_cheaper_table(exact, {true, kMaskLiteral, 0}, size, out, bits);
}

size_t make_grouped_table(const uint64_t* counts, unsigned width, uint8_t* out, double* bits) {
  double exact[256];
  to_doubles(counts, exact);
  *bits = std::numeric_limits<double>::infinity();
  const size_t size = width == 1 ? make_binomial_table(exact, out, bits) : 0;
  return make_cheaper_table(exact, {width == 1, kMaskLiteral, 1}, size, out, bits);
}

void symbol_bits(const uint16_t* frequencies, int escape, unsigned literal_bits, double* bits) {
  const auto of = [](unsigned frequency) { return kSlotBits - log2_of(frequency); };
  const double lacking =
      escape < 0 ? std::numeric_limits<double>::infinity() : of(frequencies[escape]) + literal_bits;
  for (unsigned s = 0; s < 256; ++s)
    bits[s] = frequencies[s] == 0 || static_cast<int>(s) == escape ? lacking : of(frequencies[s]);
}

}  // namespace spf
