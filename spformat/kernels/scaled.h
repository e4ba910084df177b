// Steps times scales (spec/format.md, section 7.7): in the codebook where there is one scale, while elements are written
// where many in a row have the same, and else in place, after a block of steps is decoded.
#pragma once
#include <algorithm>

#include "coding.h"
#include "simd.h"
#include "transpose.h"

namespace spf {

constexpr uint64_t kLongRun = 16;  // elements, a register of AVX-512
constexpr unsigned kFewSteps = 32;

// Whether all products of steps can stand in the place of the steps: zero where those are, and nowhere else.
inline bool has_scaled_book(const Coding& coding) {
  if (coding.scale_count != 1 || coding.tops) return false;
  const float scale = load<float>(coding.scales);
  for (unsigned k = 0; k < coding.codebook_values; ++k) {
    const auto step = load<uint32_t>(coding.codebook + k * sizeof(float));
    if (step && load<float>(&step) * scale == 0) return false;
  }
  return true;
}

// Whether what is decoded are steps.
inline bool is_scaled(const Block& b) { return b.coding && coding_of(b)->scale_count && !has_scaled_book(*coding_of(b)); }

// Whether they become elements while these are written: where many in a row have the same scale.
inline bool is_scaled_in_runs(const Block& b) { return b.layout != kCsr && is_scaled(b) && coding_of(b)->run >= kLongRun; }

// The number of the scale of element i of the tensor, in C order.
inline uint64_t scale_number(const Coding& coding, uint64_t i) {
  if (!coding.row) return i / coding.run % coding.scale_count;
  const uint64_t runs = coding.row / coding.run + 1;  // it is no multiple
  return (i / coding.row * runs + i % coding.row / coding.run) % coding.scale_count;
}

// Of all runs.
inline Scalings scalings_of(const Coding& coding) {
  return {coding.scales, coding.tops, static_cast<float>(coding.modulus), coding.run};
}

// The step of element i of the tensor becomes the element.
inline void scale_one(const Coding& coding, uint64_t i, uint8_t* value) {
  scale_step(scalings_of(coding).at(scale_number(coding, i)), value, value);
}

// Calls f(first, count, scalings) for stretches of the block's elements, counted in the block, whose scales follow each other.
template <class F>
inline void for_each_stretch(const Block& b, F&& f) {
  const Coding& coding = *coding_of(b);
  const uint64_t run = coding.run;
  uint64_t number = scale_number(coding, b.first);
  uint64_t left_in_row = coding.row ? coding.row - b.first % coding.row : ~uint64_t{0};
  uint64_t left_in_run = run - (coding.row ? b.first % coding.row : b.first) % run;
  for (uint64_t i = 0; i < b.elements;) {
    const uint64_t most = std::min(left_in_row, b.elements - i);
    const uint64_t runs = left_in_run < run ? 1 : std::min(coding.scale_count - number, (most - 1) / run + 1);
    const uint64_t here = std::min(most, left_in_run + (runs - 1) * run);
    f(i, here, scalings_of(coding).from(number));
    i += here;
    number = number + runs == coding.scale_count ? 0 : number + runs;
    left_in_row = left_in_row == here ? coding.row : left_in_row - here;
    left_in_run = run;
  }
}

// The elements of a mask, of its steps.
inline void expand_in_runs(const Block& b, const uint8_t* mask, const uint8_t* steps, uint8_t* elements) {
  for_each_stretch(b, [&](uint64_t first, uint64_t count, const Scalings& scalings) {
    steps = simd().expand_scaled(mask, first, count, steps, scalings, elements + first * sizeof(float));
  });
}

// Elements of a codebook of steps. Where there are few, and long runs, they are scaled before they are looked up.
inline void look_up_in_runs(const Block& b, const uint8_t* book, const uint8_t* codes, uint8_t* elements) {
  const unsigned steps = coding_of(b)->codebook_values;
  const LookUp look_up = simd().look_up[size_index(sizeof(float))];
  const bool scales_book = steps <= kFewSteps && coding_of(b)->run > 2 * kFewSteps;
  uint8_t scaled[256 * sizeof(float)];  // as much room as a book has
  if (!scales_book) look_up(book, steps, codes, b.elements, elements);
  for_each_stretch(b, [&](uint64_t first, uint64_t count, const Scalings& scalings) {
    uint8_t* to = elements + first * sizeof(float);
    if (!scales_book) return simd().scale(scalings, count, to);
    for (uint64_t number = 0, here = 0; count; count -= here, first += here, to += here * sizeof(float), ++number) {
      here = std::min(count, scalings.run);
      std::memcpy(scaled, book, kFewSteps * sizeof(float));
      simd().scale(scalings.from(number), kFewSteps, scaled);
      look_up(scaled, steps, codes + first, here, to);
    }
  });
}

// The elements of a decoded block where they are in the tensor.
inline void scale_elements(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const tensor = reinterpret_cast<uint8_t*>(b.data);
  if (b.column) {
    for_each_transposed(b, [&](uint64_t, uint64_t i) { scale_one(coding, i, tensor + i * sizeof(float)); });
    return;
  }
  for_each_stretch(b, [&](uint64_t first, uint64_t count, const Scalings& scalings) {
    simd().scale(scalings, count, tensor + (b.first + first) * sizeof(float));
  });
}

// The nonzeros of a block whose positions in the view are known.
inline void scale_nonzeros(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const values = reinterpret_cast<uint8_t*>(b.data);
  const auto* positions = reinterpret_cast<const int64_t*>(b.positions);
  for (uint64_t k = 0; k < b.nonzeros; ++k) {
    const auto at = static_cast<uint64_t>(positions[k]);
    const uint64_t i = b.column ? at % b.row_elements * b.view_rows + at / b.row_elements : at;
    scale_one(coding, i, values + k * sizeof(float));
  }
}

}  // namespace spf
