// For the engine's files and the index alone: buffers of a thread, and jobs on threads.
#pragma once
#include <atomic>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "coding.h"
#include "engine.h"

namespace spf {

constexpr size_t kSlack = 64;  // readable bytes beyond a stored block, which the loops may touch

struct Scratch {
  std::vector<uint8_t> stored, mask, symbols, keys, tables, literals, values;
  RansRun ahead;
  std::vector<uint64_t> elements, counts, words;
  std::vector<uint64_t> histogram;  // of zeros: who adds to it clears what it has changed
  uint64_t bytes() const {
    return stored.size() + mask.size() + symbols.size() + keys.size() + tables.size() + literals.size() + values.size() +
           8 * (elements.size() + counts.size() + words.size() + histogram.size());
  }
};

// Those of the thread that calls, which it keeps while they are small: most tensors are, and memory that is fresh from the
// kernel takes longer to touch than they take to code.
class KeptScratch {
 public:
  Scratch& get() { return kept(); }
  ~KeptScratch() {
    if (kept().bytes() > kMostKept) kept() = {};
  }

 private:
  static constexpr uint64_t kMostKept = uint64_t{8} << 20;
  static Scratch& kept() {
    thread_local Scratch scratch;
    return scratch;
  }
};

inline uint8_t* room(std::vector<uint8_t>& buffer, uint64_t bytes) {
  if (buffer.size() < bytes + kSlack) buffer.resize(bytes + kSlack);
  return buffer.data();
}

inline uint64_t* room(std::vector<uint64_t>& buffer, uint64_t words) {
  if (buffer.size() < words + 8) buffer.resize(words + 8);
  return buffer.data();
}

inline uint64_t* zeroed(std::vector<uint64_t>& buffer, uint64_t words) {
  if (buffer.size() < words) buffer.resize(words);
  return buffer.data();
}

// Buffers for the coded streams of a block, no more than they need: a small file may declare large blocks. A block of
// plain streams needs none. Only the encoder has literals, and only the decoder puts values of dense where they belong.
inline Workspace workspace(const Block& b, Scratch& scratch, bool encoding = false, bool in_place = false) {
  if (!b.coding) return {};
  const uint64_t symbols = encoding ? most_symbols(b) : mask_symbol_count(b);
  const uint64_t mask = b.layout == kBitmask ? bytes_of_bits(b.elements, 1) : b.layout == kCsr ? b.entries : 0;
  const uint64_t eight_rows = 8 * (b.row_elements / 8 + 9);
  const bool strips = index_codec_of(b) == kStrips;
  scratch.ahead.count = 0;
  return {room(scratch.mask, mask),
          room(scratch.symbols, symbols),
          encoding ? nullptr : room(scratch.keys, b.entries),
          strips ? room(scratch.tables, symbols > eight_rows ? symbols : eight_rows) : nullptr,
          encoding ? room(scratch.literals, 2 * symbols) : nullptr,
          in_place ? nullptr : room(scratch.values, b.entries * b.itemsize),
          encoding ? nullptr : &scratch.ahead,
          0,
          false};
}

// Hands out jobs in order to `threads` threads (this one among them) until all are done or one has failed.
template <class Job>
JobFailure run_jobs(size_t count, unsigned threads, Job&& job) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  JobFailure first;
  std::atomic<bool> failed{false};
  const auto worker = [&] {
    KeptScratch kept;
    Scratch& scratch = kept.get();
    while (!failed.load(std::memory_order_relaxed)) {
      const size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= count) return;
      Failure failure;
      try {
        failure = job(i, scratch);
      } catch (const std::bad_alloc&) {
        failure = {Status::no_memory, 0, 0};
      }
      if (!failure) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!first.failure || i < first.job) first = {i, failure};
      failed = true;
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = threads < count ? threads : count;
  for (size_t t = 1; t < wanted; ++t) {
    try {
      others.emplace_back(worker);
    } catch (const std::exception&) {
      break;  // no more threads or memory to be had: fewer do the work
    }
  }
  worker();
  for (std::thread& other : others) other.join();
  return first;
}

}  // namespace spf
