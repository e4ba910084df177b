// Runs jobs over blocks on threads. The only place in the kernels that allocates and that knows files.
#pragma once
#include <cstddef>

#include "block.h"
#include "statistics.h"

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

// Gap costs of each block of a tensor that lies in memory (row view).
JobFailure run_gap_costs(Block* blocks, size_t count, GapCosts* costs, unsigned threads);

// Symbol counts of all blocks together: counts has 256 numbers for each of `tables` tables.
JobFailure run_count_symbols(Block* blocks, size_t count, uint64_t* counts, size_t tables, unsigned threads);

}  // namespace spf
