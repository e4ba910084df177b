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

// What the buffers of a thread lie on, as long as there is room: memory that was lent to it, then one huge page, taken when the
// first large one is asked for.
class ScratchPage {
 public:
  uint8_t* take(size_t bytes) {
    if (bytes < kLeast || kSanitized) return nullptr;
    if (uint8_t* const at = lent_.cut(bytes)) return at;
    map();
    return own_.cut(bytes);
  }
  // Has the kernel clear it now, while there is nothing else to do, unless it is in use.
  void touch() {
    if (kSanitized) return;
    if (!lent_.memory.data) map();
    const Room& room = lent_.memory.data ? lent_ : own_;
    if (room.memory.data && room.used == 0) *const_cast<volatile uint8_t*>(room.memory.data) = 0;
  }
  // For as long as the thread lives, which has not asked for buffers yet.
  void lend(const Memory& memory) { lent_ = {memory.size ? memory : Memory{}}; }
  bool has(const uint8_t* at) const { return lent_.has(at) || own_.has(at); }
  size_t size() const { return own_.memory.size; }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kSanitized = true;  // it sees what runs over buffers on the heap
#else
  static constexpr bool kSanitized = false;
#endif
  struct Room {
    Memory memory;
    size_t used = 0;

    uint8_t* cut(size_t bytes) {
      if (bytes > memory.size - used) return nullptr;
      uint8_t* const at = memory.data + used;
      used += (bytes + 63) / 64 * 64;
      if (used > memory.size) used = memory.size;
      return at;
    }
    bool has(const uint8_t* at) const { return memory.data && at >= memory.data && at < memory.data + memory.size; }
  };

  void map() {
    if (tried_) return;
    tried_ = true;
    page_ = HugePages(kHugePage);
    page_.advise();
    own_ = {{page_.data(), page_.size()}};
  }

  static constexpr size_t kLeast = 1 << 14;
  HugePages page_;
  Room lent_, own_;
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

  // Only if the page has room for it.
  uint8_t* on_page(size_t bytes) {
    if (size_ >= bytes) return data_;
    uint8_t* const at = page_.take(bytes);
    if (!at) return nullptr;
    release();
    data_ = at;
    size_ = bytes;
    return at;
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
  Buffer models{page};  // of an Index
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
    return streams + tables.size() + rows.size() + models.size() + of_planner + (beside ? beside->bytes() : 0);
  }
};

// Those of the thread that calls, which it keeps while they are small: most tensors are, and memory that is fresh from the
// kernel takes longer to touch than they take to code. Who gets them while they are held gets the same.
class KeptScratch {
 public:
  KeptScratch() { ++kept().holders; }
  Scratch& get() {
    if (!kept().room) kept().room.emplace();
    return kept().room->scratch;
  }
  ~KeptScratch() {
    Kept& of = kept();
    if (--of.holders == 0 && of.room && of.room->page.size() + of.room->scratch.bytes() > kMostKept) of.room.reset();
  }
  KeptScratch(const KeptScratch&) = delete;
  KeptScratch& operator=(const KeptScratch&) = delete;

 private:
  struct OnPage {
    ScratchPage page;
    Scratch scratch{page};
  };
  struct Kept {
    std::optional<OnPage> room;
    unsigned holders = 0;
  };
  static constexpr uint64_t kMostKept = uint64_t{8} << 20;
  static Kept& kept() {
    thread_local Kept scratch;
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

// Hands out jobs in order to `threads` threads (this one among them) until all are done or one has failed. `spare` is memory
// that the first of the others may use until then.
template <class Job>
JobFailure run_jobs(size_t count, unsigned threads, Job&& job, const Memory& spare = {}) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  JobFailure first;
  std::atomic<bool> failed{false};
  const auto worker = [&](const Memory& lent) {
    KeptScratch kept;
    Scratch& scratch = kept.get();
    scratch.page.lend(lent);
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
      others.emplace_back(worker, t == 1 ? spare : Memory{});
    } catch (const std::exception&) {
      break;  // no more threads or memory to be had: fewer do the work
    }
  }
  worker({});
  for (std::thread& other : others) other.join();
  return first;
}

}  // namespace spf
