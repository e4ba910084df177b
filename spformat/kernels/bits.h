// Bit streams: element i of width b at bits i*b .. i*b+b-1, least significant bit first.
#pragma once
#include "block.h"

namespace spf {

class BitWriter {
 public:
  explicit BitWriter(uint8_t* to) : to_(to) {}
  void put(uint64_t value, unsigned width) {  // width <= 32
    pending_ |= value << used_;
    used_ += width;
    while (used_ >= 8) {
      *to_++ = static_cast<uint8_t>(pending_);
      pending_ >>= 8;
      used_ -= 8;
    }
  }
  void finish() {
    if (used_) *to_++ = static_cast<uint8_t>(pending_);
    pending_ = 0;
    used_ = 0;
  }

 private:
  uint8_t* to_;
  uint64_t pending_ = 0;
  unsigned used_ = 0;
};

// The same for widths up to 64; finish returns where the stream ends.
class WideBitWriter {
 public:
  explicit WideBitWriter(uint8_t* to) : to_(to) {}
  void put(uint64_t value, unsigned width) {
    pending_ |= static_cast<unsigned __int128>(value) << used_;
    used_ += width;
    for (; used_ >= 64; used_ -= 64, to_ += 8, pending_ >>= 64) store(to_, static_cast<uint64_t>(pending_));
  }
  uint8_t* finish() {
    for (int left = static_cast<int>(used_); left > 0; left -= 8, pending_ >>= 8) {
      *to_++ = static_cast<uint8_t>(pending_);
    }
    return to_;
  }

 private:
  uint8_t* to_;
  unsigned __int128 pending_ = 0;
  unsigned used_ = 0;
};

// Element `i` of a stream of `width` <= 32 bits. Up to 8 bytes may be read from where it starts.
inline uint64_t bits_at(const uint8_t* stream, uint64_t i, unsigned width) {
  const uint64_t bit = i * width;
  return (load<uint64_t>(stream + bit / 8) >> (bit % 8)) & ((uint64_t{1} << width) - 1);
}

// Whether the bits between the end of the stream and the next byte are zero.
inline bool padding_is_zero(const uint8_t* stream, uint64_t count, unsigned width) {
  const unsigned used = static_cast<unsigned>(count * width % 8);
  return used == 0 || (stream[count * width / 8] >> used) == 0;
}

// `count` numbers of up to 8 bits, one byte each; false when one is not below `end`, or a padding bit is set.
inline bool unpack_below(const uint8_t* stream, unsigned width, unsigned end, uint64_t count, uint8_t* out) {
  unsigned pending = 0, used = 0, largest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (used < width) {
      pending |= static_cast<unsigned>(*stream++) << used;
      used += 8;
    }
    out[i] = static_cast<uint8_t>(pending & ((1u << width) - 1));
    largest = out[i] > largest ? out[i] : largest;
    pending >>= width;
    used -= width;
  }
  return pending == 0 && (count == 0 || largest < end);
}

inline unsigned width_of(uint64_t largest) {
  return largest ? 64 - static_cast<unsigned>(__builtin_clzll(largest)) : 0;
}

}  // namespace spf
