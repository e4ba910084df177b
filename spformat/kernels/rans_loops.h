// The loop of a rANS decoder over whatever holds its lanes, in an unnamed namespace (see scatter_loops.h for why).
//
// Lanes have a number kCount, read and write their states, and step: one symbol of each lane, for which there are kCount
// words to take. Their Constants are made once for a loop.
#pragma once
#include "rans_decode.h"

namespace spf {
namespace {

// A stream while its states are in registers.
template <class Lanes>
class Going {
 public:
  explicit Going(RansRun& run) : run_(run), words_(run.words), at_(run.done) { lanes_.read(run.state); }

  bool has_step() const {
    return at_ + Lanes::kCount <= run_.count && run_.end - words_ >= 2 * static_cast<int64_t>(Lanes::kCount);
  }

  void step(const DecodeModel* models, const typename Lanes::Constants& constants) {
    lanes_.step(models, run_.contexts, at_, words_, run_.symbols + at_, constants);
    at_ += Lanes::kCount;
  }

  void stop() {
    lanes_.write(run_.state);
    run_.words = words_;
    run_.done = at_;
  }

 private:
  RansRun& run_;
  Lanes lanes_;
  const uint8_t* words_;
  uint64_t at_;
};

template <class Lanes>
void take_steps(const DecodeModel* models, RansRun& run) {
  Going<Lanes> going(run);
  const typename Lanes::Constants constants;
  while (going.has_step()) going.step(models, constants);
  going.stop();
}

template <class First, class Second>
void take_pairs(const DecodeModel* models, RansRun& first, RansRun& second) {
  Going<First> one(first);
  Going<Second> other(second);
  const typename First::Constants of_one;
  const typename Second::Constants of_other;
  while (one.has_step() && other.has_step()) {
    one.step(models, of_one);
    other.step(models, of_other);
  }
  one.stop();
  other.stop();
}

// The steps and pairs for lanes that fill registers, 8, 16 or 32 of them; other numbers are left to the scalar loop.
template <class Eight, class Sixteen, class ThirtyTwo>
struct VectorSteps {
  static void steps(const DecodeModel* models, RansRun& run) {
    switch (run.lanes) {
      case 8: return take_steps<Eight>(models, run);
      case 16: return take_steps<Sixteen>(models, run);
      case 32: return take_steps<ThirtyTwo>(models, run);
      default: return rans_steps_scalar(models, run);
    }
  }

  static void pair(const DecodeModel* models, RansRun& first, RansRun& second) {
    switch (first.lanes) {
      case 8: return pair_with<Eight>(models, first, second);
      case 16: return pair_with<Sixteen>(models, first, second);
      case 32: return pair_with<ThirtyTwo>(models, first, second);
      default: return rans_pair_scalar(models, first, second);
    }
  }

 private:
  template <class First>
  static void pair_with(const DecodeModel* models, RansRun& first, RansRun& second) {
    switch (second.lanes) {
      case 8: return take_pairs<First, Eight>(models, first, second);
      case 16: return take_pairs<First, Sixteen>(models, first, second);
      case 32: return take_pairs<First, ThirtyTwo>(models, first, second);
      default: return;
    }
  }
};

}  // namespace
}  // namespace spf
