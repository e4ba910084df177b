#include "engine.h"

#include <unistd.h>

#include <cerrno>

#include "layouts.h"
#include "scaled.h"
#include "scratch.h"
#include "transpose.h"
#include "xxh3.h"

namespace spf {
namespace {

constexpr size_t kTwos = 8;  // blocks for each thread: with fewer, two at once could leave a thread without any

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

// A block with its stored bytes and the room for its streams.
struct Fetched {
  const Block* block = nullptr;
  const uint8_t* stored = nullptr;
  uint8_t* out = nullptr;
  Workspace work{};
};

// Csr has pointers before its streams and begins them itself.
bool may_begin(const Block& b) { return b.coding && b.layout != kCsr; }

Failure fetch_coded(const Block& b, const Source& source, Scratch& scratch, Fetched& found) {
  if (const Failure failure = fetch(b, source, scratch, &found.stored)) return failure;
  found.block = &b;
  found.out = b.column ? block_scratch(b, scratch) : place_of(b);
  found.work = workspace(b, scratch, false, b.layout == kDense);
  if (may_begin(b)) begin_streams(b, {found.stored, found.stored + b.stored_bytes}, found.work);
  return {};
}

Failure scaled(const Block& b) {
  if (is_scaled(b) && !has_scaled_values(b)) scale_elements(b);
  return {};
}

Failure finish(Fetched& found) {
  const Block& b = *found.block;
  if (b.layout == kCsr && (b.column || !b.fresh)) std::memset(found.out, 0, b.elements * b.itemsize);
  const Failure failure = b.layout == kDense     ? decode_dense(b, found.stored, found.work, found.out)
                          : b.layout == kBitmask ? decode_bitmask(b, found.stored, found.work, found.out)
                                                 : decode_csr(b, found.stored, found.work, found.out);
  if (failure) return failure;
  if (b.column) scatter_transposed(b, found.out);
  return scaled(b);
}

Failure decode(const Block& b, const Source& source, Scratch& scratch) {
  if (b.layout == kDense && value_codec_of(b) == kRaw) {
    const Failure failure = decode_plain(b, source, scratch);
    return failure ? failure : scaled(b);
  }
  Fetched found;
  if (const Failure failure = fetch_coded(b, source, scratch, found)) return failure;
  if (may_begin(b)) advance_streams(b, *found.work.begun, nullptr, nullptr);
  return finish(found);
}

// Two blocks at once: their streams are decoded by turns. Returns how the first one failed, or else the second.
JobFailure decode_two(const Block* blocks, const Source& source, Scratch& scratch) {
  if (!may_begin(blocks[0]) || !may_begin(blocks[1])) {
    if (const Failure failure = decode(blocks[0], source, scratch)) return {0, failure};
    return {1, decode(blocks[1], source, scratch)};
  }
  Fetched first, second;
  if (const Failure failure = fetch_coded(blocks[0], source, scratch, first)) return {0, failure};
  const Failure of_second = fetch_coded(blocks[1], source, scratch.second(), second);
  advance_streams(blocks[0], *first.work.begun, of_second ? nullptr : &blocks[1], second.work.begun);
  if (const Failure failure = finish(first)) return {0, failure};
  return {1, of_second ? of_second : finish(second)};
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
    case Task::decode: return decode(b, source, scratch);
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

// Blocks in twos, where there are enough of them for all threads.
JobFailure run_decode(Block* blocks, size_t count, const Source& source, unsigned threads) {
  const size_t twos = count >= kTwos * threads ? count / 2 : 0;
  return run_jobs(count - twos, threads, [&](size_t i, Scratch& scratch) -> JobFailure {
    if (i >= twos) return {i + twos, decode(blocks[i + twos], source, scratch)};
    JobFailure found = decode_two(blocks + 2 * i, source, scratch);
    found.job += 2 * i;
    return found;
  });
}

}  // namespace

JobFailure run(Task task, Block* blocks, size_t count, const Source& source, unsigned threads) {
  if (task == Task::decode) return run_decode(blocks, count, source, threads);
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> JobFailure {
    return {i, perform(task, blocks[i], source, scratch)};
  });
}

}  // namespace spf
