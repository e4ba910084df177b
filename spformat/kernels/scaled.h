// Steps times scales (spec/format.md, section 7.7), in place, after a block of steps is decoded.
#pragma once
#include "coding.h"
#include "transpose.h"

namespace spf {

inline bool is_scaled(const Block& b) { return b.coding && coding_of(b)->scale_count; }

// The scale of element i of the tensor, in C order.
inline float scale_of(const Coding& coding, uint64_t i) {
  return load<float>(coding.scales + i / coding.run % coding.scale_count * sizeof(float));
}

inline void multiply(uint8_t* value, float scale) { store(value, load<float>(value) * scale); }

// The elements of a decoded block where they are in the tensor.
inline void scale_elements(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const tensor = reinterpret_cast<uint8_t*>(b.data);
  if (b.column) {
    for_each_transposed(b, [&](uint64_t, uint64_t i) { multiply(tensor + i * sizeof(float), scale_of(coding, i)); });
    return;
  }
  const uint64_t last = b.first + b.elements;
  for (uint64_t i = b.first; i < last;) {
    const float scale = scale_of(coding, i);
    const uint64_t left = coding.run - i % coding.run;
    const uint64_t end = last - i < left ? last : i + left;
    for (; i < end; ++i) multiply(tensor + i * sizeof(float), scale);
  }
}

// The nonzeros of a block whose positions in the view are known.
inline void scale_nonzeros(const Block& b) {
  const Coding& coding = *coding_of(b);
  auto* const values = reinterpret_cast<uint8_t*>(b.data);
  const auto* positions = reinterpret_cast<const int64_t*>(b.positions);
  for (uint64_t k = 0; k < b.nonzeros; ++k) {
    const auto at = static_cast<uint64_t>(positions[k]);
    const uint64_t i = b.column ? at % b.row_elements * b.view_rows + at / b.row_elements : at;
    multiply(values + k * sizeof(float), scale_of(coding, i));
  }
}

}  // namespace spf
