// Runs jobs over blocks on threads. With the index the only place in the kernels that allocates, and that knows files.
#pragma once
#include <cstddef>
#include <functional>

#include "block.h"
#include "fresh_pages.h"

namespace spf {

// Where stored bytes come from: a file, or memory (followed by at least 48 readable bytes: the footer).
struct Source {
  int file = -1;
  const uint8_t* memory = nullptr;
  uint64_t bytes = 0;
};

// `bytes` bytes from `offset` on.
Failure read_file(const Source& source, uint64_t offset, uint64_t bytes, uint8_t* to);

struct JobFailure {
  uint64_t job = 0;
  Failure failure;
};

enum class Task { check, decode, positions, measure, encode };

// What has to be done before the first block is decoded, on the threads that decode: `each` for every number below `count`,
// then `last`, which is told whether all were true. Where it is false, no block is decoded.
struct Preparation {
  size_t count = 0;
  std::function<bool(size_t)> each;
  std::function<bool(bool)> last;
};

// As run(Task::decode, ...), after a preparation. `fresh` are pages that blocks lie on, `spare` is memory to work in, if there
// is any. False: something is wrong.
bool prepare_and_decode(const Preparation& before, const Block* blocks, size_t count, const Source& source,
                        unsigned threads, FreshPages& fresh, const Memory& spare);

// Runs the task over all blocks; of several failures reports the one of the first block.
JobFailure run(Task task, Block* blocks, size_t count, const Source& source, unsigned threads);

}  // namespace spf
