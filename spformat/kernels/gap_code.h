// The gap-code family of spec/format.md, section 6, in its general form: the reference for every parameter choice.
#pragma once
#include "block.h"

namespace spf {

struct GapCode {
  uint64_t group;   // L
  uint64_t start;   // origin mod L
  uint64_t largest; // the code 2^bits - 1
  uint64_t step;    // D
  uint64_t bias;
  bool carry, escape;

  explicit GapCode(const Block& b)
      : group(b.group_elements),
        start(static_cast<uint64_t>(b.origin < 0 ? static_cast<int64_t>(b.group_elements) - 1
                                                 : b.origin % static_cast<int64_t>(b.group_elements))),
        largest((uint64_t{1} << b.bits) - 1),
        step(largest + b.bias - (b.escape ? 1 : 0)),
        bias(b.bias),
        carry(b.carry),
        escape(b.escape) {}

  // The difference that is coded for a nonzero at `x` when the state is `s`.
  uint64_t difference(uint64_t x, uint64_t s) const {  // ((x - s - bias) mod L) + bias, without a division
    return x >= s + bias ? x - s : x + group - s;
  }
  uint64_t fills(uint64_t d) const { return d > step ? (d - 1) / step : 0; }
};

inline uint64_t groups_of(const Block& b) { return (b.elements + b.group_elements - 1) / b.group_elements; }

}  // namespace spf
