// Runs jobs over blocks on threads. With the index the only place in the kernels that allocates, and that knows files.
#pragma once
#include <cstddef>

#include "block.h"

namespace spf {

// Where stored bytes come from: a file, or memory (followed by at least 48 readable bytes: the footer).
struct Source {
  int file = -1;
  const uint8_t* memory = nullptr;
  uint64_t bytes = 0;
};

struct JobFailure {
  uint64_t job = 0;
  Failure failure;
};

enum class Task { check, decode, positions, measure, encode };

// Runs the task over all blocks; of several failures reports the one of the first block.
JobFailure run(Task task, Block* blocks, size_t count, const Source& source, unsigned threads);

}  // namespace spf
