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
  struct Constants {};
  uint32_t state[kLanes];

  void read(const uint32_t* from) { std::memcpy(state, from, sizeof state); }
  void write(uint32_t* to) const { std::memcpy(to, state, sizeof state); }

  // Without a branch, which nobody could foresee: whether a lane takes a word.
  void step(const DecodeModel* models, const Contexts& contexts, uint64_t at, const uint8_t*& words, uint8_t* symbols,
            const Constants&) {
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      uint32_t& x = state[lane];
      symbols[lane] = next_symbol(x, models[contexts.at(at + lane)]);
      const uint32_t low = x < kLowest;
      x = (x << (16 * low)) | (load<uint16_t>(words) & (0 - low));
      words += 2 * low;
    }
  }
};

template <class First>
void pair_with(const DecodeModel* models, RansRun& first, RansRun& second) {
  switch (second.lanes) {
    case 1: return take_pairs<First, ScalarLanes<1>>(models, first, second);
    case 2: return take_pairs<First, ScalarLanes<2>>(models, first, second);
    case 4: return take_pairs<First, ScalarLanes<4>>(models, first, second);
    default: return;
  }
}

Failure check_end(const RansRun& run) {
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

// Few lanes wait for each other; more fill the time by themselves.
void rans_pair_scalar(const DecodeModel* models, RansRun& first, RansRun& second) {
  switch (first.lanes) {
    case 1: return pair_with<ScalarLanes<1>>(models, first, second);
    case 2: return pair_with<ScalarLanes<2>>(models, first, second);
    case 4: return pair_with<ScalarLanes<4>>(models, first, second);
    default: return;
  }
}

Failure rans_open(const Cursor& cursor, const Contexts& contexts, uint64_t count, uint8_t* symbols, RansRun& run) {
  run.contexts = contexts;
  run.done = 0;
  run.count = count;
  run.symbols = symbols;
  run.lanes = 0;
  run.words = cursor.at;
  run.end = cursor.end;
  if (count == 0) return {};  // it takes no bytes
  if (cursor.left() < 1) return {Status::rans_short, 1, 0};
  const unsigned log_lanes = cursor.at[0];
  if (log_lanes > 5) return {Status::rans_lanes, 5, log_lanes};
  const unsigned lanes = 1u << log_lanes;
  const uint64_t head = 1 + 4 * lanes;
  if (cursor.left() < head) return {Status::rans_short, head, cursor.left()};
  for (unsigned lane = 0; lane < lanes; ++lane) {
    run.state[lane] = load<uint32_t>(cursor.at + 1 + 4 * lane);
    if (run.state[lane] < kLowest) return {Status::rans_state, kLowest, run.state[lane]};
  }
  run.lanes = lanes;
  run.words = cursor.at + head;
  return {};
}

Failure rans_finish(const Models& models, RansRun& run, Cursor& cursor) {
  cursor.at = run.words;
  if (run.count == 0) return {};
  simd().rans_steps(models.decode, run);
  for (; run.done < run.count; ++run.done) {
    uint32_t& state = run.state[run.done % run.lanes];
    run.symbols[run.done] = next_symbol(state, models.decode[run.contexts.at(run.done)]);
    if (state >= kLowest) continue;
    if (run.end - run.words < 2) return {Status::rans_short, 2, static_cast<uint64_t>(run.end - run.words)};
    state = (state << 16) | load<uint16_t>(run.words);
    run.words += 2;
  }
  cursor.at = run.words;
  return check_end(run);
}

}  // namespace spf
