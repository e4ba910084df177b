#include "engine.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "layouts.h"
#include "transpose.h"
#include "xxh3.h"

namespace spf {
namespace {

constexpr size_t kSlack = 64;  // readable bytes beyond a stored block, which the loops may touch

struct Scratch {
  std::vector<uint8_t> stored, mask, symbols, tables, literals, values;
  std::vector<uint64_t> elements, counts;
};

uint8_t* room(std::vector<uint8_t>& buffer, uint64_t bytes) {
  if (buffer.size() < bytes + kSlack) buffer.resize(bytes + kSlack);
  return buffer.data();
}

// Buffers for the coded streams of a block; a block of plain streams needs none.
Workspace workspace(const Block& b, Scratch& scratch) {
  if (!b.coding) return {};
  const uint64_t symbols = most_symbols(b);
  return {room(scratch.mask, symbols), room(scratch.symbols, symbols), room(scratch.tables, symbols + 8 * (b.row_elements / 8 + 9)),
          room(scratch.literals, 2 * symbols), room(scratch.values, b.entries * b.itemsize)};
}

Failure read_file(const Source& source, uint64_t offset, uint64_t bytes, uint8_t* to) {
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(source.file, to + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {Status::short_read, bytes, done};
    done += static_cast<uint64_t>(got);
  }
  return {};
}

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
Failure decode_plain(const Block& b, const Source& source, Scratch& scratch) {
  const uint64_t bytes = b.elements * b.itemsize;
  if (bytes != b.stored_bytes) return {Status::stored_bytes, bytes, b.stored_bytes};
  const uint8_t* stored = nullptr;
  if (const Failure failure = fetch(b, source, scratch, &stored, place_of(b))) return failure;
  if (stored != place_of(b)) std::memcpy(place_of(b), stored, bytes);
  return {};
}

Failure decode(const Block& b, const Source& source, Scratch& scratch) {
  if (b.layout == kDense && value_codec_of(b) == kRaw) return decode_plain(b, source, scratch);
  const uint8_t* stored = nullptr;
  if (const Failure failure = fetch(b, source, scratch, &stored)) return failure;
  Workspace work = workspace(b, scratch);
  uint8_t* out = b.column ? block_scratch(b, scratch) : place_of(b);
  if (b.layout == kDense) return decode_dense(b, stored, work, out);
  if (b.layout == kBitmask) return decode_bitmask(b, stored, work, out);
  if (b.column || !b.fresh) std::memset(out, 0, b.elements * b.itemsize);
  if (const Failure failure = decode_csr(b, stored, work, out)) return failure;
  if (b.column) scatter_transposed(b, out);
  return {};
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
  const void* elements = nullptr;
  if (const Failure failure = snapshot(b, scratch, &elements)) return failure;
  Workspace work = workspace(b, scratch);
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
    case Task::decode: return decode(b, source, scratch);
    case Task::positions: return positions(b, source, scratch);
    case Task::measure: measure(b, scratch); return {};
    case Task::encode: return encode(b, scratch);
  }
  return {};
}

// Hands out jobs in order to `threads` threads (this one among them) until all are done or one has failed.
template <class Job>
JobFailure run_jobs(size_t count, unsigned threads, Job&& job) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  JobFailure first;
  std::atomic<bool> failed{false};
  const auto worker = [&] {
    Scratch scratch;
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
    } catch (const std::system_error&) {
      break;  // no more threads to be had: fewer do the work
    }
  }
  worker();
  for (std::thread& other : others) other.join();
  return first;
}

}  // namespace

JobFailure run(Task task, Block* blocks, size_t count, const Source& source, unsigned threads) {
  return run_jobs(count, threads,
                  [&](size_t i, Scratch& scratch) { return perform(task, blocks[i], source, scratch); });
}

JobFailure run_gap_costs(Block* blocks, size_t count, GapCosts* costs, unsigned threads) {
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> Failure {
    gap_costs(blocks[i], contiguous(blocks[i], scratch), costs[i]);
    return {};
  });
}

JobFailure run_count_symbols(Block* blocks, size_t count, uint64_t* counts, size_t tables, unsigned threads) {
  std::mutex mutex;
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> Failure {
    scratch.counts.assign(256 * tables, 0);
    const void* elements = nullptr;
    if (const Failure failure = snapshot(blocks[i], scratch, &elements)) return failure;
    Workspace work = workspace(blocks[i], scratch);
    count_symbols(blocks[i], elements, work, scratch.counts.data());
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t k = 0; k < 256 * tables; ++k) counts[k] += scratch.counts[k];
    return {};
  });
}

}  // namespace spf
