// rANS (spec/format.md, section 7.3): bytes, a static table of 4096 slots, up to 32 interleaved lanes, 32-bit states
// that are refilled by 16 bits. A lane count that is a multiple of 8 fills AVX2 registers.
#pragma once
#include "block.h"

namespace spf {

constexpr unsigned kSlotBits = 12, kSlots = 1u << kSlotBits;
constexpr unsigned kMostLanes = 32;
constexpr uint32_t kLowest = 1u << 16;  // of a state between symbols; where every lane starts and must end

// A slot: symbol in bits 0-7, slot minus the symbol's first in 8-19, frequency - 1 in 20-31.
struct DecodeModel {
  uint32_t slots[kSlots];
};

// state / frequency is the upper half of state * reciprocal. With a frequency of 1 it comes out one too small, which
// `bias` makes up for.
struct EncodeSymbol {
  uint64_t reciprocal;
  uint16_t frequency;  // 0: the table has no such symbol
  uint16_t bias;       // where its slots start
  uint16_t bits;       // that it takes, in 1/256
  uint16_t itself;     // 1: the symbol stands for itself, 0: there is none, or it is the escape
};

struct EncodeModel {
  EncodeSymbol symbols[256];
};

// The tables of a file, as many as it has; escape[t] is the escape symbol of table t, or -1.
struct Models {
  const DecodeModel* decode;
  const EncodeModel* encode;
  const int16_t* escape;
};

// Which table each symbol is coded with: tables[i], or `single` when tables is null.
struct Contexts {
  const uint8_t* tables;
  uint8_t single;
  uint8_t at(uint64_t i) const { return tables ? tables[i] : single; }
};

struct Cursor {
  const uint8_t* at;
  const uint8_t* end;
  uint64_t left() const { return static_cast<uint64_t>(end - at); }
  // The next `bytes` bytes, and the cursor moves on.
  Failure take(uint64_t bytes, const uint8_t** out) {
    if (left() < bytes) return {Status::stored_bytes, bytes, left()};
    *out = at;
    at += bytes;
    return {};
  }
};

// Worst case of the encoder's output, and the encoder: returns where the stream ends, null when a symbol has no slot.
inline uint64_t rans_bound(uint64_t count) { return 1 + 4 * kMostLanes + 2 * count + 4; }
// What a stream has beside it. Of the bytes, too, its lanes should take a small share only.
struct Beside {
  uint64_t fields = 0;   // bytes that belong to its symbols
  uint64_t rest = 0;     // bytes of the block
  uint64_t symbols = 0;  // of the stream that is decoded at the same time
  uint64_t values = 0;   // that its symbols group, where they do: each counts as a symbol does
};
// bits: of the symbols, in 1/256.
uint8_t* rans_encode(const Models& models, const Contexts& contexts, const uint8_t* symbols, uint64_t count,
                     uint64_t bits, const Beside& beside, uint8_t* out);
// The same for symbols of one table, whose bits are not known.
uint8_t* rans_encode(const Models& models, uint8_t table, const uint8_t* symbols, uint64_t count, const Beside& beside,
                     uint8_t* out);

void expand_decode_model(const uint16_t* frequency, DecodeModel& decode);
void expand_encode_model(const uint16_t* frequency, int escape, EncodeModel& encode);

}  // namespace spf
