#include "nonzeros.h"
#include "scratch.h"

namespace spf {
namespace {

constexpr uint64_t kJobBits = 1 << 20;  // elements that one job looks at, about

// Calls job(first row, rows, scratch) for runs of rows, each a multiple of eight but the last.
template <class Job>
JobFailure run_rows(uint64_t rows, uint64_t columns, unsigned threads, Job&& job) {
  const uint64_t each = (kJobBits / (columns ? columns : 1) + 8) / 8 * 8;
  return run_jobs((rows + each - 1) / each, threads, [&](size_t i, Scratch& scratch) -> Failure {
    const uint64_t first = i * each;
    job(first, rows - first < each ? rows - first : each, scratch);
    return {};
  });
}

}  // namespace

uint64_t run_nonzero_mask(const void* elements, unsigned itemsize, uint64_t count, uint64_t* mask, unsigned threads) {
  const auto* bytes = static_cast<const uint8_t*>(elements);
  const NonzeroMask mask_of = simd().nonzero_mask[size_index(itemsize)];
  std::atomic<uint64_t> found{0};
  run_jobs((count + kJobBits - 1) / kJobBits, threads, [&](size_t i, Scratch&) -> Failure {
    const uint64_t first = i * kJobBits;
    const uint64_t here = count - first < kJobBits ? count - first : kJobBits;
    mask_of(bytes + first * itemsize, here, mask + first / 64);
    found += simd().count_bits(reinterpret_cast<const uint8_t*>(mask + first / 64), 8 * words_of_bits(here));
    return {};
  });
  return found;
}

JobFailure run_transpose_mask(const uint8_t* mask, uint64_t rows, uint64_t columns, uint8_t* out) {
  return run_jobs(1, 1, [&](size_t, Scratch& scratch) -> Failure {
    const uint64_t words = words_of_bits(columns);
    uint64_t* lines = room(scratch.words, 8 * (words + 1));
    uint8_t* strip = room(scratch.symbols, columns);
    for (uint64_t first = 0; first < rows; first += 8) {
      const uint8_t* line[8] = {};
      for (uint64_t r = 0; r < 8 && first + r < rows; ++r) {
        uint64_t* at = lines + r * (words + 1);
        copy_bits(mask, (first + r) * columns, columns, at);
        line[r] = reinterpret_cast<const uint8_t*>(at);
      }
      simd().rows_to_strip(line, columns, strip);
      add_transposed(strip, columns, rows, first, out);
    }
    return {};
  });
}

JobFailure run_gap_costs(const uint8_t* mask, const Block* blocks, size_t count, GapCosts* costs, unsigned threads) {
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> Failure {
    uint64_t* words = room(scratch.words, words_of_bits(blocks[i].elements));
    copy_bits(mask, blocks[i].first, blocks[i].elements, words);
    gap_costs(words, blocks[i].elements, costs[i]);
    return {};
  });
}

JobFailure run_count_symbols(const uint8_t* mask, const Block* blocks, size_t count, uint64_t* counts, size_t tables,
                             unsigned threads) {
  std::mutex mutex;
  return run_jobs(count, threads, [&](size_t i, Scratch& scratch) -> Failure {
    scratch.counts.assign(256 * tables, 0);
    uint64_t* words = room(scratch.words, words_of_bits(blocks[i].elements));
    copy_bits(mask, blocks[i].first, blocks[i].elements, words);
    Workspace work = workspace(blocks[i], scratch);
    count_symbols(blocks[i], words, work, scratch.counts.data());
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t k = 0; k < 256 * tables; ++k) counts[k] += scratch.counts[k];
    return {};
  });
}

JobFailure run_count_lines(const uint8_t* mask, uint64_t rows, uint64_t columns, uint32_t* by_row, uint64_t* by_column,
                           unsigned threads) {
  std::mutex mutex;
  return run_rows(rows, columns, threads, [&](uint64_t first, uint64_t here, Scratch& scratch) {
    scratch.counts.assign(columns, 0);
    uint64_t* row = room(scratch.words, words_of_bits(columns));
    count_lines(mask, first, here, columns, by_row, scratch.counts.data(), row, room(scratch.symbols, columns));
    const std::lock_guard<std::mutex> lock(mutex);
    for (uint64_t j = 0; j < columns; ++j) by_column[j] += scratch.counts[j];
  });
}

JobFailure run_count_cells(const uint8_t* mask, uint64_t rows, uint64_t columns, const Classes& classes,
                           uint64_t* cells, unsigned threads) {
  constexpr size_t kCells = kMostClasses * kMostClasses;
  std::mutex mutex;
  return run_rows(rows, columns, threads, [&](uint64_t first, uint64_t here, Scratch& scratch) {
    scratch.counts.assign(kCells, 0);
    uint64_t* row = room(scratch.words, words_of_bits(columns));
    uint64_t* class_masks = room(scratch.more_words, classes.column_classes * words_of_bits(columns));
    mask_classes(classes, columns, class_masks);
    count_cells(mask, first, here, columns, classes, class_masks, row, scratch.counts.data());
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t k = 0; k < kCells; ++k) cells[k] += scratch.counts[k];
  });
}

}  // namespace spf
