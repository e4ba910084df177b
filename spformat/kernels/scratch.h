// For the engine's files and the index alone: buffers of a thread, and jobs on threads.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "coding.h"
#include "engine.h"
#include "huge_pages.h"

namespace spf {

constexpr size_t kSlack = 64;  // readable bytes beyond a stored block, which the loops may touch

// What the buffers of a thread lie on, as long as there is room: one huge page, taken when the first large one is asked for.
class ScratchPage {
 public:
  uint8_t* take(size_t bytes) {
    if (bytes < kLeast || kSanitized) return nullptr;
    map();
    if (bytes > page_.size() - used_) return nullptr;
    uint8_t* const at = page_.data() + used_;
    used_ += (bytes + 63) / 64 * 64;
    return at;
  }
  // Has the kernel clear it now, while there is nothing else to do.
  void touch() {
    if (kSanitized || tried_) return;
    map();
    if (page_.data()) *const_cast<volatile uint8_t*>(page_.data()) = 0;
  }
  bool has(const uint8_t* at) const { return page_.data() && at >= page_.data() && at < page_.data() + page_.size(); }
  size_t size() const { return page_.size(); }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kSanitized = true;  // it sees what runs over buffers on the heap
#else
  static constexpr bool kSanitized = false;
#endif
  void map() {
    if (tried_) return;
    tried_ = true;
    page_ = HugePages(kHugePage);
    page_.advise();
  }

  static constexpr size_t kLeast = 1 << 14;
  HugePages page_;
  size_t used_ = 0;
  bool tried_ = false;
};

// Its contents are lost when it grows, and are not initialised.
class Buffer {
 public:
  explicit Buffer(ScratchPage& page) : page_(page) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return size_; }
  uint8_t* at_least(size_t bytes) {
    if (size_ >= bytes) return data_;
    release();
    data_ = page_.take(bytes);
    if (!data_) data_ = new uint8_t[bytes];
    size_ = bytes;
    return data_;
  }

 private:
  void release() {
    if (!page_.has(data_)) delete[] data_;
    data_ = nullptr;
    size_ = 0;
  }
  ScratchPage& page_;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

struct Scratch {
  explicit Scratch(ScratchPage& of) : page(of) {}

  ScratchPage& page;
  Buffer stored{page}, mask{page}, symbols{page}, keys{page}, codes{page}, tables{page}, rows{page}, literals{page}, values{page};
  Begun begun;
  std::unique_ptr<Scratch> beside;  // that of a block that is decoded at the same time
  std::vector<uint64_t> elements, counts, words;
  std::vector<uint64_t> histogram;  // of zeros: who adds to it clears what it has changed

  Scratch& second() {
    if (!beside) beside = std::make_unique<Scratch>(page);
    return *beside;
  }
  uint64_t bytes() const {
    const uint64_t streams = stored.size() + mask.size() + symbols.size() + keys.size() + codes.size() + literals.size() + values.size();
    const uint64_t of_planner = 8 * (elements.size() + counts.size() + words.size() + histogram.size());
    return streams + tables.size() + rows.size() + of_planner + (beside ? beside->bytes() : 0);
  }
};

// Those of the thread that calls, which it keeps while they are small: most tensors are, and memory that is fresh from the
// kernel takes longer to touch than they take to code.
class KeptScratch {
 public:
  Scratch& get() {
    if (!kept()) kept().emplace();
    return kept()->scratch;
  }
  ~KeptScratch() {
    if (kept() && kept()->page.size() + kept()->scratch.bytes() > kMostKept) kept().reset();
  }

 private:
  struct OnPage {
    ScratchPage page;
    Scratch scratch{page};
  };
  static constexpr uint64_t kMostKept = uint64_t{8} << 20;
  static std::optional<OnPage>& kept() {
    thread_local std::optional<OnPage> scratch;
    return scratch;
  }
};

inline uint8_t* room(Buffer& buffer, uint64_t bytes) { return buffer.at_least(bytes + kSlack); }

inline uint64_t* room(std::vector<uint64_t>& buffer, uint64_t words) {
  if (buffer.size() < words + 8) buffer.resize(words + 8);
  return buffer.data();
}

// Of zeros, if who used it before has left them.
inline uint64_t* room_of_zeros(std::vector<uint64_t>& buffer, uint64_t words) {
  if (buffer.size() < words) buffer.resize(words);
  return buffer.data();
}

inline uint32_t* rows_of(const Block& b, Scratch& scratch) {
  return reinterpret_cast<uint32_t*>(room(scratch.rows, b.elements / b.row_elements * sizeof(uint32_t)));
}

// Buffers for the coded streams of a block, no more than they need: a small file may declare large blocks. A block of
// plain streams needs none. Only the encoder has literals, and only the decoder puts values of dense where they belong.
inline Workspace workspace(const Block& b, Scratch& scratch, bool encoding = false, bool in_place = false) {
  if (!b.coding) return {};
  const uint64_t symbols = encoding ? most_symbols(b) : mask_symbol_count(b);
  const uint64_t mask = b.layout == kBitmask ? bytes_of_bits(b.elements, 1) : b.layout == kCsr ? b.entries : 0;
  const uint64_t eight_rows = 8 * (b.row_elements / 8 + 9);
  const bool strips = index_codec_of(b) == kStrips;
  scratch.begun.clear();
  return {room(scratch.mask, mask),
          room(scratch.symbols, symbols),
          encoding ? nullptr : room(scratch.keys, key_count(b)),
          encoding || !has_packed_codes(b) ? nullptr : room(scratch.codes, b.entries),
          strips ? room(scratch.tables, symbols > eight_rows ? symbols : eight_rows) : nullptr,
          strips && coding_of(b)->row_classes > 1 ? rows_of(b, scratch) : nullptr,
          encoding ? room(scratch.literals, 2 * symbols) : nullptr,
          in_place ? nullptr : room(scratch.values, b.entries * b.itemsize),
          encoding ? nullptr : &scratch.begun,
          0,
          false};
}

// What a part of a job returns, or that there was no memory for it.
template <class Part>
Failure guarded(Part&& part) {
  try {
    return part();
  } catch (const std::bad_alloc&) {
    return {Status::no_memory, 0, 0};
  }
}

// What a job returns: a failure, or one with the number of what has failed.
inline JobFailure failure_of(size_t job, const Failure& failure) { return {job, failure}; }
inline JobFailure failure_of(size_t, const JobFailure& failure) { return failure; }

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
      JobFailure found{i, {}};
      try {
        found = failure_of(i, job(i, scratch));
      } catch (const std::bad_alloc&) {
        found.failure = {Status::no_memory, 0, 0};
      }
      if (!found.failure) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!first.failure || found.job < first.job) first = found;
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
