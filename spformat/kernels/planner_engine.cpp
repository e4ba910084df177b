#include "planner_engine.h"

#include <algorithm>

#include "line_classes.h"
#include "nonzeros.h"
#include "scratch.h"

namespace spf {
namespace {

constexpr uint64_t kJobBits = 1 << 20;  // elements that one job looks at, about

// Calls job(first, elements, scratch) for each run of `each` elements or lines, the last one shorter.
template <class Job>
JobFailure run_over(uint64_t count, uint64_t each, unsigned threads, Job&& job) {
  return run_jobs((count + each - 1) / each, threads, [&](size_t i, Scratch& scratch) -> Failure {
    const uint64_t first = i * each;
    job(i, first, count - first < each ? count - first : each, scratch);
    return {};
  });
}

// Runs of rows, each a multiple of eight but the last.
uint64_t rows_of_a_job(uint64_t columns) { return (kJobBits / (columns ? columns : 1) + 8) / 8 * 8; }

// Numbers that jobs add to.
class Sums {
 public:
  Sums(uint64_t* to, size_t count) : to_(to), count_(count) {}
  uint64_t* cleared(Scratch& scratch) const {
    scratch.counts.assign(count_, 0);
    return scratch.counts.data();
  }
  void add(const uint64_t* from) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t k = 0; k < count_; ++k) to_[k] += from[k];
  }

 private:
  uint64_t* to_;
  size_t count_;
  std::mutex mutex_;
};

// The mask of a block, starting at a word and followed by zeros.
const uint64_t* mask_of_block(const uint8_t* mask, uint64_t first, uint64_t elements, Scratch& scratch) {
  uint64_t* words = room(scratch.words, words_of_bits(elements));
  copy_bits(mask, first, elements, words);
  return words;
}

// Adds counts to those of a span, which stand at the start of `counts` and become more.
void add_span(uint64_t* counts, Span& span, const uint64_t* more, const Span& of_more) {
  const uint64_t end = std::max(span.first + span.size, of_more.first + of_more.size);
  const uint64_t first = span.size ? std::min(span.first, of_more.first) : of_more.first;
  std::memmove(counts + (span.first - first) * (span.size ? 1 : 0), counts, span.size * sizeof *counts);
  const auto clear = [&](uint64_t from, uint64_t to) {
    if (from < to) std::memset(counts + (from - first), 0, (to - from) * sizeof *counts);
  };
  clear(first, span.size ? span.first : end);
  if (span.size) clear(span.first + span.size, end);
  span = {first, end - first};
  for (uint64_t i = 0; i < of_more.size; ++i) counts[of_more.first - first + i] += more[of_more.first + i];
}

}  // namespace

uint64_t run_nonzero_mask(const void* elements, unsigned itemsize, uint64_t count, uint64_t* mask, unsigned threads) {
  const auto* bytes = static_cast<const uint8_t*>(elements);
  const NonzeroMask mask_of = simd().nonzero_mask[size_index(itemsize)];
  std::atomic<uint64_t> found{0};
  run_over(count, kJobBits, threads, [&](size_t, uint64_t first, uint64_t here, Scratch&) {
    mask_of(bytes + first * itemsize, here, mask + first / 64);
    found += simd().count_bits(reinterpret_cast<const uint8_t*>(mask + first / 64), 8 * words_of_bits(here));
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

JobFailure run_gap_costs(const uint8_t* mask, uint64_t elements, uint64_t per_block, GapCosts* costs, uint64_t* counts,
                         unsigned threads) {
  Sums sums(counts, 256);
  return run_over(elements, per_block, threads, [&](size_t block, uint64_t first, uint64_t here, Scratch& scratch) {
    uint64_t* found = sums.cleared(scratch);
    gap_costs(mask_of_block(mask, first, here, scratch), here, costs[block], found);
    sums.add(found);
  });
}

JobFailure run_count_bytes(const uint8_t* mask, uint64_t elements, uint64_t per_block, uint64_t* counts,
                           unsigned threads) {
  Sums sums(counts, 256);
  return run_over(elements, per_block, threads, [&](size_t, uint64_t first, uint64_t here, Scratch& scratch) {
    uint64_t* found = sums.cleared(scratch);
    const uint64_t* words = mask_of_block(mask, first, here, scratch);
    count_symbols(reinterpret_cast<const uint8_t*>(words), nullptr, bytes_of_bits(here, 1), found);
    sums.add(found);
  });
}

JobFailure run_count_strips(const uint8_t* mask, uint64_t rows, uint64_t columns, uint64_t per_block,
                            const StripClasses& classes, uint64_t* counts, unsigned threads) {
  uint8_t numbers[256];
  for (unsigned k = 0; k < 256; ++k) numbers[k] = static_cast<uint8_t>(k);
  Coding coding{};
  coding.index_codec = kStrips;
  coding.strip_tables = numbers;
  coding.row_class = classes.of_row;
  coding.column_class = classes.of_column;
  coding.row_classes = classes.row_classes;
  coding.column_classes = classes.column_classes;
  const size_t contexts = size_t{classes.row_classes} * classes.column_classes;
  Sums sums(counts, 256 * contexts);
  return run_over(rows * columns, per_block, threads, [&](size_t, uint64_t first, uint64_t here, Scratch& scratch) {
    Block b{};
    b.layout = kBitmask;
    b.first = first;
    b.elements = here;
    b.row_elements = columns;
    b.coding = reinterpret_cast<uint64_t>(&coding);
    uint64_t* found = sums.cleared(scratch);
    const uint64_t* words = mask_of_block(mask, first, here, scratch);
    Workspace work = workspace(b, scratch);
    const Symbols symbols = mask_symbols(b, reinterpret_cast<const uint8_t*>(words), work);
    count_symbols(work.symbols, contexts == 1 ? nullptr : symbols.contexts.tables, symbols.count, found);
    sums.add(found);
  });
}

JobFailure run_line_classes(const uint8_t* mask, uint64_t rows, uint64_t columns, uint8_t* of_row, uint8_t* of_column,
                            double* bits, unsigned threads) {
  std::vector<uint64_t> by_row(rows), by_column(columns), order(2 * std::max(rows, columns));
  const auto over_rows = [&](Sums& sums, auto&& job) {
    return run_over(rows, rows_of_a_job(columns), threads,
                    [&](size_t, uint64_t first, uint64_t here, Scratch& scratch) {
                      uint64_t* found = sums.cleared(scratch);
                      job(first, here, room(scratch.words, words_of_bits(columns)), room(scratch.symbols, columns), found);
                      sums.add(found);
                    });
  };
  Sums column_sums(by_column.data(), columns);
  JobFailure failure = over_rows(column_sums, [&](uint64_t first, uint64_t here, uint64_t* row, uint8_t* line,
                                                  uint64_t* found) {
    count_lines(mask, first, here, columns, by_row.data(), found, row, line);
  });
  if (failure.failure) return failure;
  classes_of(by_row.data(), rows, order.data(), of_row);
  classes_of(by_column.data(), columns, order.data(), of_column);
  uint64_t cells[kMostClasses * kMostClasses] = {};
  Sums cell_sums(cells, kMostClasses * kMostClasses);
  failure = over_rows(cell_sums, [&](uint64_t first, uint64_t here, uint64_t* row, uint8_t* line, uint64_t* found) {
    count_cells(mask, first, here, columns, of_row, of_column, row, line, found);
  });
  if (!failure.failure) class_entropies(cells, rows, columns, bits);
  return failure;
}

JobFailure run_leading_bits(const void* elements, unsigned itemsize, const uint64_t* mask, uint64_t count, unsigned shift,
                            unsigned bits, uint64_t* counts, Span* span, unsigned threads) {
  const size_t numbers = size_t{1} << bits;
  std::mutex mutex;
  *span = {};
  return run_over(count, kJobBits, threads, [&](size_t, uint64_t first, uint64_t here, Scratch& scratch) {
    uint64_t* found = room_of_zeros(scratch.histogram, numbers);
    count_keys(static_cast<const uint8_t*>(elements) + first * itemsize, itemsize, mask + first / 64, here, shift,
               numbers - 1, found);
    const Span of_found = occupied(found, numbers);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      add_span(counts, *span, found, of_found);
    }
    std::memset(found + of_found.first, 0, of_found.size * sizeof *found);
  });
}

JobFailure run_make_splits(const Leading& leading, MadeSplit made[2], unsigned* found) {
  return run_jobs(1, 1, [&](size_t, Scratch& scratch) -> Failure {
    *found = make_splits(leading, room(scratch.counts, leading.size), made);
    return {};
  });
}

}  // namespace spf
