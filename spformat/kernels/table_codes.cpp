#include "table_codes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "frequencies.h"
#include "rans.h"

namespace spf {
namespace {

constexpr unsigned kCodes = kMostCode + 1, kMostSymbols = 256;
constexpr unsigned kNear = 5;  // a step further than that is rarely worthwhile
constexpr float kWorthwhile = 4;  // bits that a better code may cost the symbols: steps hardly save more
constexpr unsigned kRices = 2;  // larger parameters are for steps that are not taken
constexpr double kBitsOfNat = 1.4426950408889634;
constexpr float kNever = std::numeric_limits<float>::infinity();

// What a symbol takes under each code that may be worthwhile: beyond its share, and what it takes away from others
// when the code promises more than it has.
struct Choices {
  unsigned least, most;  // codes in between, and 0 where the symbol does not occur
  bool may_lack;
  float bits[kCodes];
};

Choices choices_of(double count, unsigned code, const double* expected) {
  Choices choices{code, code, code == 0, {}};
  const auto cost = [&](unsigned c) -> float {
    if (c == 0) return 0;
    const double nats = expected[c] - count + (count > 0 ? count * std::log(count / expected[c]) : 0);
    return static_cast<float>(kBitsOfNat * nats);
  };
  if (choices.may_lack) choices.least = 1, choices.most = 0;
  choices.bits[code] = cost(code);
  for (unsigned c = choices.most + 1; c < kCodes; ++c) {
    choices.bits[c] = cost(c);
    if (choices.bits[c] > kWorthwhile && c > code) break;
    choices.most = c;
  }
  for (unsigned c = choices.least; c-- > 1;) {
    choices.bits[c] = cost(c);
    if (choices.bits[c] > kWorthwhile) break;
    choices.least = c;
  }
  return choices;
}

template <class F>
void for_each_code(const Choices& choices, F&& f) {
  if (choices.may_lack) f(0u);
  for (unsigned c = choices.least; c <= choices.most; ++c) f(c);
}

struct Path {
  float bits[kMostSymbols][kCodes];
  uint8_t before[kMostSymbols][kCodes];
};

// The cheapest codes with one Rice parameter; returns their bits.
float cheapest_path(const Choices* choices, unsigned count, unsigned rice, Path& path, unsigned* codes) {
  for_each_code(choices[0], [&](unsigned c) { path.bits[0][c] = choices[0].bits[c]; });
  for (unsigned i = 1; i < count; ++i) {
    for_each_code(choices[i], [&](unsigned c) {
      float best = kNever;
      const auto weigh = [&](unsigned b) {
        const float bits = path.bits[i - 1][b] + static_cast<float>(step_bits(b, c, rice));
        if (bits >= best) return;
        best = bits;
        path.before[i][c] = static_cast<uint8_t>(b);
      };
      const Choices& last = choices[i - 1];
      if (last.may_lack) weigh(0);
      const unsigned low = std::max(last.least, c > kNear ? c - kNear : 0), high = std::min(last.most, c + kNear);
      for (unsigned b = low; b <= high; ++b) weigh(b);
      if (best == kNever) for_each_code(last, weigh);
      path.bits[i][c] = best + choices[i].bits[c];
    });
  }
  float least = kNever;
  for_each_code(choices[count - 1], [&](unsigned c) {
    if (c == 0 || path.bits[count - 1][c] >= least) return;
    least = path.bits[count - 1][c];
    codes[count - 1] = c;
  });
  for (unsigned i = count - 1; i > 0; --i) codes[i - 1] = path.before[i][codes[i]];
  return least;
}

}  // namespace

unsigned step_bits(unsigned before, unsigned code, unsigned rice) {
  const unsigned zigzag = code >= before ? 2 * (code - before) : 2 * (before - code) - 1;
  return (zigzag >> rice) + 1 + rice;
}

void cheapen_codes(const double* counts, unsigned count, unsigned* codes) {
  double total = 0, weights = 0;
  for (unsigned i = 0; i < count; ++i) {
    total += counts[i];
    weights += static_cast<double>(weight_of(codes[i]));
  }
  double expected[kCodes] = {};  // occurrences of a symbol for which a code is right
  for (unsigned c = 1; c < kCodes; ++c)
    expected[c] = total * std::max(static_cast<double>(weight_of(c)) / weights, 1.0 / kSlots);
  Choices choices[kMostSymbols];
  for (unsigned i = 0; i < count; ++i) choices[i] = choices_of(counts[i], codes[i], expected);
  Path path;
  unsigned found[kMostSymbols];
  float least = kNever;
  for (unsigned rice = 0; rice < kRices; ++rice) {
    const float bits = cheapest_path(choices, count, rice, path, found);
    if (bits >= least) continue;
    least = bits;
    std::copy(found, found + count, codes);
  }
}

}  // namespace spf
