// What one block is, and what can be wrong with it. Mirrored by spformat/layouts/jobs.py.
#pragma once
#include <cstdint>
#include <cstring>

namespace spf {

enum Layout : uint8_t { kDense = 0, kBitmask = 1, kCsr = 2 };

// One block as the engine sees it. Addresses are plain numbers: the caller keeps the memory alive.
struct Block {
  uint64_t stored;          // offset in the source when decoding, address of the output when encoding
  uint64_t stored_bytes;
  uint64_t digest;          // XXH3-64 of the stored bytes
  uint64_t nonzeros;
  uint64_t entries;
  uint64_t data;            // address of element 0 of the tensor (sparse decoding: where the values go)
  uint64_t positions;       // sparse decoding: where the int64 positions in the view go
  uint64_t first;           // the block's first element, counted in the view
  uint64_t elements;
  uint64_t row_elements;    // row length of the view
  uint64_t view_rows;
  uint64_t group_elements;  // L of the gap code
  uint64_t coding;          // address of the tensor's Coding, 0 when no entropy coder is used
  int64_t origin;
  uint8_t layout, itemsize, bits, bias, carry, escape;
  uint8_t column;           // the view is the transpose
  uint8_t fresh;            // decoding: the destination is known to be zero
};
static_assert(sizeof(Block) == 120);

enum class Status : uint32_t {
  ok,
  short_read,
  digest,
  stored_bytes,
  bitmask_count,
  bitmask_padding,
  bitmask_zero,
  csr_pointers,
  csr_padding,
  csr_position,
  csr_zero,
  csr_last,
  csr_nonzeros,
  dense_nonzeros,
  no_memory,
  rans_short,
  rans_lanes,
  rans_state,
  float_high,
  float_padding,
  strip_padding,
  csr_code,
  index_bytes,
  source_changed,
  codebook_code,
  codebook_padding,
};

struct Failure {
  Status status = Status::ok;
  uint64_t expected = 0;
  uint64_t found = 0;
  explicit operator bool() const { return status != Status::ok; }
};

// A 16-byte element (complex128); the other sizes are plain unsigned integers.
struct Wide {
  uint64_t low, high;
  Wide() = default;
  constexpr Wide(int) : low(0), high(0) {}
  bool operator==(const Wide& other) const { return low == other.low && high == other.high; }
};

// Always inlined: a copy compiled for AVX2 must never serve code that is not.
template <class T>
[[gnu::always_inline]] inline T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
[[gnu::always_inline]] inline void store(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

inline uint64_t bytes_of_bits(uint64_t count, unsigned width) { return (count * width + 7) / 8; }

// Calls f with a null pointer of the unsigned type of that size.
template <class F>
inline auto with_item(unsigned itemsize, F&& f) {
  switch (itemsize) {
    case 1: return f(static_cast<uint8_t*>(nullptr));
    case 2: return f(static_cast<uint16_t*>(nullptr));
    case 4: return f(static_cast<uint32_t*>(nullptr));
    case 8: return f(static_cast<uint64_t*>(nullptr));
    default: return f(static_cast<Wide*>(nullptr));
  }
}

}  // namespace spf
