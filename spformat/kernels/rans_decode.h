// Decoding of rANS streams (spec/format.md, section 7.3): a stream under way, and two of them at once.
#pragma once
#include "rans.h"

namespace spf {

// A stream of which `done` of `count` symbols are decoded.
struct RansRun {
  uint32_t state[kMostLanes];
  unsigned lanes = 0;
  const uint8_t* words = nullptr;  // the next
  const uint8_t* end = nullptr;    // where they end at the latest
  Contexts contexts{};
  uint64_t done = 0, count = 0;
  uint8_t* symbols = nullptr;
};

// Decodes symbols as long as they are whole steps of all lanes and no word need be checked.
using RansSteps = void (*)(const DecodeModel* models, RansRun& run);
void rans_steps_scalar(const DecodeModel*, RansRun&);
void rans_steps_avx2(const DecodeModel*, RansRun&);
void rans_steps_avx512(const DecodeModel*, RansRun&);

// Steps of two streams by turns, until one of them has no more: a step waits for the one before it in the same stream,
// and even 32 lanes are too few to fill that time. It may leave all to RansSteps.
using RansPair = void (*)(const DecodeModel* models, RansRun& first, RansRun& second);
void rans_pair_scalar(const DecodeModel*, RansRun&, RansRun&);
void rans_pair_avx2(const DecodeModel*, RansRun&, RansRun&);
void rans_pair_avx512(const DecodeModel*, RansRun&, RansRun&);

// Reads head and states of a stream of `count` symbols at the cursor.
Failure rans_open(const Cursor& cursor, const Contexts& contexts, uint64_t count, uint8_t* symbols, RansRun& run);

// Decodes what is left of a stream, checks its end and moves the cursor there.
Failure rans_finish(const Models& models, RansRun& run, Cursor& cursor);

// A stream of `count` symbols, or what is left of it where it was begun, there and for those symbols.
inline Failure rans_read(const Models& models, const Contexts& contexts, uint64_t count, Cursor& cursor,
                         uint8_t* symbols, RansRun& run) {
  if (count == 0 || run.count != count || run.symbols != symbols || run.end != cursor.end) {
    if (const Failure failure = rans_open(cursor, contexts, count, symbols, run)) return failure;
  }
  return rans_finish(models, run, cursor);
}

}  // namespace spf
