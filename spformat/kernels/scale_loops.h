// Steps -> values, the plain twins and the frame of the others, shared by the scalar and the vector files (see
// scatter_loops.h for why unnamed).
#pragma once
#include "scaling.h"

namespace spf {
namespace {

// The loops over one run, whose scaling is given. Their vector twins do less where no step wraps.
template <bool kWraps>
struct PlainRun {
  const Scaling& scaling;

  void scale(uint64_t count, uint8_t* values) const {
    for (uint64_t k = 0; k < count; ++k) scale_step(scaling, values + 4 * k, values + 4 * k);
  }

  const uint8_t* expand(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values, uint8_t* out) const {
    for (uint64_t i = first; i < first + count; ++i, out += 4) {
      if (!(mask[i / 8] >> (i % 8) & 1)) {
        store(out, 0.0f);
        continue;
      }
      scale_step(scaling, values, out);
      values += 4;
    }
    return values;
  }
};

// Calls f(elements before, elements, run) for each run of so many elements.
template <template <bool> class Run, class F>
[[gnu::always_inline]] inline void for_each_run(const Scalings& scalings, uint64_t count, F&& f) {
  const auto all = [&]<bool kWraps>() {
    uint64_t number = 0, before = 0;
    for (uint64_t here = 0; before < count; before += here, ++number) {
      here = count - before < scalings.run ? count - before : scalings.run;
      const Scaling scaling = scalings.at(number);
      f(before, here, Run<kWraps>{scaling});
    }
  };
  return scalings.tops ? all.template operator()<true>() : all.template operator()<false>();
}

template <template <bool> class Run>
void scale_runs(const Scalings& scalings, uint64_t count, uint8_t* values) {
  for_each_run<Run>(scalings, count,
                    [&](uint64_t before, uint64_t here, const auto& run) { run.scale(here, values + 4 * before); });
}

template <template <bool> class Run>
const uint8_t* expand_runs(const uint8_t* mask, uint64_t first, uint64_t count, const uint8_t* values,
                           const Scalings& scalings, uint8_t* out) {
  for_each_run<Run>(scalings, count, [&](uint64_t before, uint64_t here, const auto& run) {
    values = run.expand(mask, first + before, here, values, out + 4 * before);
  });
  return values;
}

}  // namespace
}  // namespace spf
