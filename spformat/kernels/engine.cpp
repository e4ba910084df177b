#include "engine.h"

#include <unistd.h>

#include <cerrno>

#include "layouts.h"
#include "scaled.h"
#include "scratch.h"
#include "transpose.h"
#include "xxh3.h"

namespace spf {

Failure read_file(const Source& source, uint64_t offset, uint64_t bytes, uint8_t* to) {
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(source.file, to + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {Status::short_read, bytes, done};
    done += static_cast<uint64_t>(got);
  }
  return {};
}

namespace {

constexpr size_t kWorthTwos = 8;                   // blocks for each thread: with fewer, a thread could be left without any
constexpr uint64_t kMostOfTwo = uint64_t{1} << 20;  // elements

Failure check_digest(const Block& b, const uint8_t* stored) {
  const uint64_t digest = xxh3_64(stored, b.stored_bytes);
  if (digest != b.digest) return {Status::digest, b.digest, digest};
  return {};
}

// The stored bytes, checked; read into the scratch, or where `destination` says, unless they are in memory.
Failure fetch(const Block& b, const Source& source, Scratch& scratch, const uint8_t** stored,
              uint8_t* destination = nullptr) {
  if (source.memory) {
    if (b.stored > source.bytes || b.stored_bytes > source.bytes - b.stored)
      return {Status::short_read, b.stored_bytes, source.bytes};
    *stored = source.memory + b.stored;
    return check_digest(b, *stored);
  }
  if (!destination) {
    destination = room(scratch.stored, b.stored_bytes);
  }
  if (const Failure failure = read_file(source, b.stored, b.stored_bytes, destination)) return failure;
  *stored = destination;
  return check_digest(b, destination);
}

uint8_t* place_of(const Block& b) { return reinterpret_cast<uint8_t*>(b.data) + b.first * b.itemsize; }

uint8_t* block_scratch(const Block& b, Scratch& scratch) {
  const size_t words = (b.elements * b.itemsize + 7) / 8;
  if (scratch.elements.size() < words) scratch.elements.resize(words);
  return reinterpret_cast<uint8_t*>(scratch.elements.data());
}

// Plain dense blocks are read straight to where they belong.
Failure decode_plain(const Block& b, const Source& source, FreshPages& fresh, Scratch& scratch) {
  const uint64_t bytes = b.elements * b.itemsize;
  if (bytes != b.stored_bytes) return {Status::stored_bytes, bytes, b.stored_bytes};
  if (bytes < kHugePage) fresh.touch(place_of(b), bytes);  // one that is larger is better cleared and read page by page
  const uint8_t* stored = nullptr;
  if (const Failure failure = fetch(b, source, scratch, &stored, place_of(b))) return failure;
  if (stored != place_of(b)) std::memcpy(place_of(b), stored, bytes);
  return {};
}

// A block with its stored bytes and the room for its streams.
struct Fetched {
  const Block* block = nullptr;
  const uint8_t* stored = nullptr;
  uint8_t* out = nullptr;
  Workspace work{};
};

// Csr has pointers before its streams and begins them itself.
bool may_begin(const Block& b) { return b.coding && b.layout != kCsr; }

// Whether two blocks are decoded at once. Of large ones the buffers are large, and of two files the tables are others.
bool may_be_two(const Block& a, const Block& b) {
  return may_begin(a) && may_begin(b) && a.elements <= kMostOfTwo && b.elements <= kMostOfTwo &&
         coding_of(a)->models.decode == coding_of(b)->models.decode;
}

Failure fetch_coded(const Block& b, const Source& source, Scratch& scratch, Fetched& fetched) {
  if (const Failure failure = fetch(b, source, scratch, &fetched.stored)) return failure;
  fetched.block = &b;
  fetched.out = b.column ? block_scratch(b, scratch) : place_of(b);
  fetched.work = workspace(b, scratch, false, b.layout == kDense);
  if (may_begin(b)) begin_streams(b, {fetched.stored, fetched.stored + b.stored_bytes}, fetched.work);
  return {};
}

// Steps become elements, where they did not in the codebook or while these were written.
void scale_block(const Block& b) {
  if (is_scaled(b) && !is_scaled_in_runs(b)) scale_elements(b);
}

// Those of gaps with fewer entries than pages are not: many of them may not be needed.
void touch_pages(const Block& b, FreshPages& fresh) {
  const uint64_t bytes = b.elements * b.itemsize;
  if (b.layout == kCsr && !b.column && b.fresh && b.entries < bytes / kHugePage + 1) return;
  if (b.column) return fresh.touch(reinterpret_cast<uint8_t*>(b.data), b.row_elements * b.view_rows * b.itemsize);
  fresh.touch(place_of(b), bytes);
}

Failure finish(Fetched& fetched, FreshPages& fresh) {
  const Block& b = *fetched.block;
  touch_pages(b, fresh);
  if (b.layout == kCsr && (b.column || !b.fresh)) std::memset(fetched.out, 0, b.elements * b.itemsize);
  const Failure failure = b.layout == kDense     ? decode_dense(b, fetched.stored, fetched.work, fetched.out)
                          : b.layout == kBitmask ? decode_bitmask(b, fetched.stored, fetched.work, fetched.out)
                                                 : decode_csr(b, fetched.stored, fetched.work, fetched.out);
  if (failure) return failure;
  if (b.column) scatter_transposed(b, fetched.out);
  scale_block(b);
  return {};
}

Failure decode(const Block& b, const Source& source, FreshPages& fresh, Scratch& scratch) {
  if (b.layout == kDense && value_codec_of(b) == kRaw) return decode_plain(b, source, fresh, scratch);
  Fetched fetched;
  if (const Failure failure = fetch_coded(b, source, scratch, fetched)) return failure;
  if (may_begin(b)) advance_streams(coding_of(b)->models, *fetched.work.begun, nullptr);
  return finish(fetched, fresh);
}

// Two blocks at once: their streams are decoded by turns. Returns how the first one failed, or else the second, as when one
// is decoded after the other: where there is not enough memory for both, they are.
JobFailure decode_two(const Block& a, const Block& b, const Source& source, FreshPages& fresh, Scratch& scratch) {
  Fetched first, second;
  if (const Failure failure = guarded([&] { return fetch_coded(a, source, scratch, first); })) return {0, failure};
  const Failure of_second = guarded([&] { return fetch_coded(b, source, scratch.second(), second); });
  advance_streams(coding_of(a)->models, *first.work.begun, of_second ? nullptr : second.work.begun);
  if (const Failure failure = guarded([&] { return finish(first, fresh); })) return {0, failure};
  if (of_second.status == Status::no_memory) return {1, guarded([&] { return decode(b, source, fresh, scratch); })};
  return {1, of_second ? of_second : guarded([&] { return finish(second, fresh); })};
}

Failure positions(const Block& b, const Source& source, Scratch& scratch) {
  const uint8_t* stored = nullptr;
  if (const Failure failure = fetch(b, source, scratch, &stored)) return failure;
  Workspace work = workspace(b, scratch);
  auto* to = reinterpret_cast<int64_t*>(b.positions);
  auto* values = reinterpret_cast<uint8_t*>(b.data);
  if (b.layout == kBitmask) return positions_bitmask(b, stored, work, to, values);
  if (b.layout == kCsr) return positions_csr(b, stored, work, to, values);
  return positions_dense(b, stored, work, to, values);
}

const void* contiguous(const Block& b, Scratch& scratch) {
  if (!b.column) return place_of(b);
  uint8_t* to = block_scratch(b, scratch);
  gather_transposed(b, to);
  return to;
}

void measure_elements(Block& b, const void* elements) {
  if (b.layout == kDense) return measure_dense(b, elements);
  if (b.layout == kBitmask) return measure_bitmask(b, elements);
  measure_csr(b, elements);
}

void measure(Block& b, Scratch& scratch) { measure_elements(b, contiguous(b, scratch)); }

// Another thread may write to the tensor while it is packed. What is encoded is therefore a copy, and its counts must
// be those that the room for the block was made for.
Failure snapshot(const Block& b, Scratch& scratch, const void** elements) {
  void* copy = block_scratch(b, scratch);
  if (b.column) {
    gather_transposed(b, copy);
  } else {
    std::memcpy(copy, place_of(b), b.elements * b.itemsize);
  }
  Block again = b;
  measure_elements(again, copy);
  if (again.nonzeros != b.nonzeros) return {Status::source_changed, b.nonzeros, again.nonzeros};
  if (again.entries != b.entries) return {Status::source_changed, b.entries, again.entries};
  if (!b.coding && again.stored_bytes != b.stored_bytes)
    return {Status::source_changed, b.stored_bytes, again.stored_bytes};
  *elements = copy;
  return {};
}

Failure encode(Block& b, Scratch& scratch) {
  const void* elements = place_of(b);
  if (b.layout != kBitmask) {  // which copies the elements as it goes
    if (const Failure failure = snapshot(b, scratch, &elements)) return failure;
  }
  Workspace work = workspace(b, scratch, true);
  auto* stored = reinterpret_cast<uint8_t*>(b.stored);
  const uint8_t* end = b.layout == kDense     ? encode_dense(b, elements, work, stored)
                       : b.layout == kBitmask ? encode_bitmask(b, elements, work, stored)
                                              : encode_csr(b, elements, work, stored);
  if (!end) return {Status::source_changed, 0, 0};
  b.stored_bytes = static_cast<uint64_t>(end - stored);
  b.digest = xxh3_64(stored, b.stored_bytes);
  return {};
}

Failure perform(Task task, Block& b, const Source& source, Scratch& scratch) {
  const uint8_t* stored = nullptr;
  switch (task) {
    case Task::check: return fetch(b, source, scratch, &stored);
    case Task::decode: break;  // run_decode does that
    case Task::positions: {
      const Failure failure = positions(b, source, scratch);
      if (!failure && is_scaled(b)) scale_nonzeros(b);
      return failure;
    }
    case Task::measure: measure(b, scratch); return {};
    case Task::encode: return encode(b, scratch);
  }
  return {};
}

// Which blocks a thread decodes next: one, or it and the one after it.
struct Turn {
  size_t block;
  bool two;
};

std::vector<Turn> turns_of(const Block* blocks, size_t count, unsigned threads) {
  std::vector<Turn> turns;
  turns.reserve(count);
  const bool many = count >= kWorthTwos * threads;
  for (size_t i = 0; i < count; i += 1 + turns.back().two)
    turns.push_back({i, many && i + 1 < count && may_be_two(blocks[i], blocks[i + 1])});
  return turns;
}

JobFailure decode_turn(const Turn& turn, const Block* blocks, const Source& source, FreshPages& fresh, Scratch& scratch) {
  const Block* const block = blocks + turn.block;
  if (!turn.two) return {turn.block, guarded([&] { return decode(*block, source, fresh, scratch); })};
  JobFailure failure = decode_two(block[0], block[1], source, fresh, scratch);
  failure.job += turn.block;
  return failure;
}

JobFailure run_decode(const Block* blocks, size_t count, const Source& source, unsigned threads, FreshPages& fresh,
                      const Memory& spare) {
  const std::vector<Turn> turns = turns_of(blocks, count, threads);
  const auto job = [&](size_t i, Scratch& scratch) { return decode_turn(turns[i], blocks, source, fresh, scratch); };
  return run_jobs(turns.size(), threads, job, spare);
}

// The jobs of a preparation, and who waits for them.
class Prepared {
 public:
  explicit Prepared(const Preparation& what) : what_(what), left_(what.count) {}

  void perform(size_t i) {
    if (!what_.each(i)) right_ = false;
    if (left_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    right_ = what_.last(right_);
    done_.store(true, std::memory_order_release);
  }
  // Others have begun all that is not done, so that this takes no longer than one of them.
  bool wait() const {
    while (!done_.load(std::memory_order_acquire)) std::this_thread::yield();
    return right_;
  }

 private:
  const Preparation& what_;
  std::atomic<size_t> left_;
  std::atomic<bool> right_{true}, done_{false};
};

}  // namespace

bool prepare_and_decode(const Preparation& before, const Block* blocks, size_t count, const Source& source,
                        unsigned threads, FreshPages& fresh, const Memory& spare) {
  if (before.count == 0) return !run_decode(blocks, count, source, threads, fresh, spare).failure;
  const std::vector<Turn> turns = turns_of(blocks, count, threads);
  Prepared prepared(before);
  const auto job = [&](size_t i, Scratch& scratch) -> JobFailure {
    if (i < before.count) {
      if (i > 0) scratch.page.touch();  // the first has what they prepare cleared meanwhile
      prepared.perform(i);
      return {};
    }
    if (!prepared.wait()) return {0, {Status::stored_bytes, 0, 0}};
    return decode_turn(turns[i - before.count], blocks, source, fresh, scratch);
  };
  return !run_jobs(before.count + turns.size(), threads, job, spare).failure && prepared.wait();
}

JobFailure run(Task task, Block* blocks, size_t count, const Source& source, unsigned threads) {
  if (task == Task::decode) {
    FreshPages none;
    return run_decode(blocks, count, source, threads, none, {});
  }
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> JobFailure {
    return {i, perform(task, blocks[i], source, scratch)};
  });
}

}  // namespace spf
