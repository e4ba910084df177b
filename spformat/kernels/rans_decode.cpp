#include "rans_decode.h"

#include "rans_loops.h"
#include "simd.h"

namespace spf {
namespace {

inline uint8_t next_symbol(uint32_t& state, const DecodeModel& model) {
  const uint32_t slot = model.slots[state & (kSlots - 1)];
  state = ((slot >> 20) + 1) * (state >> kSlotBits) + ((slot >> 8) & (kSlots - 1));
  return static_cast<uint8_t>(slot);
}

template <unsigned kLanes>
struct ScalarLanes {
  static constexpr unsigned kCount = kLanes;
  uint32_t state[kLanes];

  void read(const uint32_t* from) { std::memcpy(state, from, sizeof state); }
  void write(uint32_t* to) const { std::memcpy(to, state, sizeof state); }

  // Without a branch, which nobody could foresee: whether a lane takes a word.
  void step(const DecodeModel* models, const Contexts& contexts, uint64_t at, const uint8_t*& words, uint8_t* symbols) {
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      uint32_t& x = state[lane];
      symbols[lane] = next_symbol(x, models[contexts.at(at + lane)]);
      const uint32_t low = x < kLowest;
      x = (x << (16 * low)) | (load<uint16_t>(words) & (0 - low));
      words += 2 * low;
    }
  }
};

Failure check_end(const RansRun& run) {
  if (run.words != run.end) return {Status::rans_words, 0, static_cast<uint64_t>(run.end - run.words) / 2};
  for (unsigned lane = 0; lane < run.lanes; ++lane) {
    if (run.state[lane] != kLowest) return {Status::rans_state, kLowest, run.state[lane]};
  }
  return {};
}

}  // namespace

void rans_steps_scalar(const DecodeModel* models, RansRun& run) {
  switch (run.lanes) {
    case 1: return take_steps<ScalarLanes<1>>(models, run);
    case 2: return take_steps<ScalarLanes<2>>(models, run);
    case 4: return take_steps<ScalarLanes<4>>(models, run);
    case 8: return take_steps<ScalarLanes<8>>(models, run);
    case 16: return take_steps<ScalarLanes<16>>(models, run);
    default: return take_steps<ScalarLanes<32>>(models, run);
  }
}

void rans_pair_scalar(const DecodeModel*, RansRun&, RansRun&) {}

Failure rans_open(Cursor& cursor, const Contexts& contexts, uint64_t count, uint8_t* symbols, RansRun& run) {
  run.contexts = contexts;
  run.done = 0;
  run.count = count;
  run.symbols = symbols;
  run.lanes = 0;
  run.words = run.end = cursor.at;
  if (count == 0) return {};  // it takes no bytes
  if (cursor.left() < 5) return {Status::rans_short, 5, cursor.left()};
  const unsigned log_lanes = cursor.at[0];
  if (log_lanes > 5) return {Status::rans_lanes, 5, log_lanes};
  const unsigned lanes = 1u << log_lanes;
  const uint64_t bytes = 5 + 4 * lanes + 2 * uint64_t{load<uint32_t>(cursor.at + 1)};
  if (cursor.left() < bytes) return {Status::rans_short, bytes, cursor.left()};
  for (unsigned lane = 0; lane < lanes; ++lane) {
    run.state[lane] = load<uint32_t>(cursor.at + 5 + 4 * lane);
    if (run.state[lane] < kLowest) return {Status::rans_state, kLowest, run.state[lane]};
  }
  run.lanes = lanes;
  run.words = cursor.at + 5 + 4 * lanes;
  run.end = cursor.at + bytes;
  cursor.at = run.end;
  return {};
}

Failure rans_finish(const Models& models, RansRun& run, RansRun* beside) {
  if (run.count == 0) return {};
  if (beside && beside->count) simd().rans_pair(models.decode, run, *beside);
  simd().rans_steps(models.decode, run);
  for (; run.done < run.count; ++run.done) {
    uint32_t& state = run.state[run.done % run.lanes];
    run.symbols[run.done] = next_symbol(state, models.decode[run.contexts.at(run.done)]);
    if (state >= kLowest) continue;
    if (run.words == run.end) return {Status::rans_words, 1, 0};
    state = (state << 16) | load<uint16_t>(run.words);
    run.words += 2;
  }
  return check_end(run);
}

}  // namespace spf
