// Runs jobs over blocks on threads. With the index the only place in the kernels that allocates, and that knows files.
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

// What follows runs over a mask: one bit for each element of a view in memory, readable 16 bytes beyond its end.

// The mask of a tensor's elements in C order; `mask` has room for whole words. Returns the number of set bits.
uint64_t run_nonzero_mask(const void* elements, unsigned itemsize, uint64_t count, uint64_t* mask, unsigned threads);

// The mask of the transpose; `out` is zero.
JobFailure run_transpose_mask(const uint8_t* mask, uint64_t rows, uint64_t columns, uint8_t* out);

// Gap costs of each block.
JobFailure run_gap_costs(const uint8_t* mask, const Block* blocks, size_t count, GapCosts* costs, unsigned threads);

// Symbol counts of all blocks together: counts has 256 numbers for each of `tables` tables.
JobFailure run_count_symbols(const uint8_t* mask, const Block* blocks, size_t count, uint64_t* counts, size_t tables,
                             unsigned threads);

// Set bits of each row and each column.
JobFailure run_count_lines(const uint8_t* mask, uint64_t rows, uint64_t columns, uint32_t* by_row, uint64_t* by_column,
                           unsigned threads);

// Set bits of each (row class, column class): cells[16 * row class + column class].
JobFailure run_count_cells(const uint8_t* mask, uint64_t rows, uint64_t columns, const Classes& classes,
                           uint64_t* cells, unsigned threads);

}  // namespace spf
