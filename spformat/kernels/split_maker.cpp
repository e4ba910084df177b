#include "split_maker.h"

#include <cmath>
#include <limits>

#include "frequencies.h"
#include "log2.h"
#include "rans.h"

namespace spf {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kCodeBits = 3.7;      // what a key takes in a table, about
constexpr double kSpilledBits = 24.0;  // of a number that has no key

uint64_t total_of(const uint64_t* counts, uint64_t size) {
  uint64_t total = 0;
  for (uint64_t i = 0; i < size; ++i) total += counts[i];
  return total;
}

// One bit fewer, in place. Returns how many counts are left.
uint64_t fold_once(uint64_t* counts, uint64_t size) {
  for (uint64_t i = 0; i < size / 2; ++i) counts[i] = counts[2 * i] + counts[2 * i + 1];
  return size / 2;
}

// What a fold will take with a table of its own, about: entropy, a raw bit for each fold, a table.
double expected_bits(const uint64_t* folded, uint64_t size, unsigned fold, uint64_t total) {
  double bits = n_log2_n(total) + static_cast<double>(total) * fold;
  uint64_t keys = 0;
  for (uint64_t i = 0; i < size; ++i) {
    if (!folded[i]) continue;
    bits -= n_log2_n(folded[i]);
    ++keys;
  }
  return bits + kCodeBits * static_cast<double>(keys) + (keys > 256 ? kSpilledBits * static_cast<double>(keys - 256) : 0);
}

// The start of the 256 keys that hold the most values, moved up to the first that occurs.
uint64_t best_start(const uint64_t* folded, uint64_t size) {
  uint64_t start = 0, here = total_of(folded, size < 256 ? size : 256), most = here;
  for (uint64_t i = 256; i < size; ++i) {
    here += folded[i] - folded[i - 256];
    if (here <= most) continue;
    most = here;
    start = i - 255;
  }
  while (start < size && !folded[start]) ++start;
  return start < size ? start : 0;
}

// counts[k]: values whose leading bits, without the last `fold`, are start + k. Returns how many are in none of the 256.
uint64_t window(const Leading& leading, unsigned fold, int64_t start, uint64_t* counts) {
  const auto first = static_cast<int64_t>(leading.first >> fold), size = static_cast<int64_t>(leading.size >> fold);
  uint64_t inside = 0;
  for (int64_t k = 0; k < 256; ++k) {
    const int64_t at = start + k - first;
    counts[k] = at < 0 || at >= size ? 0 : total_of(leading.counts + (at << fold), uint64_t{1} << fold);
    inside += counts[k];
  }
  return total_of(leading.counts, leading.size) - inside;
}

void make_split(const Leading& leading, unsigned fold, const uint64_t* folded, MadeSplit& out) {
  const uint64_t base = (leading.first >> fold) + best_start(folded, leading.size >> fold);
  uint64_t counts[256];
  const auto outside = static_cast<double>(window(leading, fold, static_cast<int64_t>(base), counts));
  double exact[256];
  for (unsigned k = 0; k < 256; ++k) exact[k] = static_cast<double>(counts[k]);
  out.split = {static_cast<uint8_t>(leading.shift + fold), static_cast<uint32_t>(base)};
  out.table_bytes = make_table(exact, {false, kLiteralBits, outside}, out.table);
  uint16_t frequencies[256];
  int escape = -1;
  const char* wrong = read_table(out.table, out.table_bytes, frequencies, &escape);
  out.bits = wrong ? kInfinity : split_bits(leading, out.split, frequencies, escape);
}

}  // namespace

Span occupied(const uint64_t* counts, uint64_t size) {
  uint64_t first = 0, last = size;
  while (first < size && !counts[first]) ++first;
  if (first == size) return {0, size < kCoarsest ? size : kCoarsest};
  while (!counts[last - 1]) --last;
  first = first / kCoarsest * kCoarsest;
  return {first, (last + kCoarsest - 1) / kCoarsest * kCoarsest - first};
}

double leading_entropy(const Leading& leading) {
  double bits = n_log2_n(total_of(leading.counts, leading.size));
  for (uint64_t i = 0; i < leading.size; ++i) bits -= n_log2_n(leading.counts[i]);
  return bits;
}

unsigned make_splits(const Leading& leading, uint64_t* room, MadeSplit out[2]) {
  const uint64_t total = total_of(leading.counts, leading.size);
  double least[2] = {kInfinity, kInfinity};
  unsigned best[2] = {0, 0}, found = 0;
  std::memcpy(room, leading.counts, leading.size * sizeof *room);
  uint64_t size = leading.size;
  for (unsigned fold = 0; fold < kFolds && leading.shift + fold <= leading.width - 2; ++fold) {
    if (fold) size = fold_once(room, size);
    const double bits = expected_bits(room, size, fold, total);
    const unsigned rank = bits < least[0] ? 0 : 1;
    found += found < 2;
    if (bits >= least[rank]) continue;
    if (rank == 0) {
      least[1] = least[0];
      best[1] = best[0];
    }
    least[rank] = bits;
    best[rank] = fold;
  }
  for (unsigned k = 0; k < found; ++k) {
    std::memcpy(room, leading.counts, leading.size * sizeof *room);
    size = leading.size;
    for (unsigned fold = 0; fold < best[k]; ++fold) size = fold_once(room, size);
    make_split(leading, best[k], room, out[k]);
  }
  return found;
}

double split_bits(const Leading& leading, const Split& split, const uint16_t* frequencies, int escape) {
  if (split.shift < leading.shift || split.shift - leading.shift >= kFolds || split.shift > leading.width - 2)
    return kInfinity;
  unsigned largest = 255;
  while (frequencies[largest] == 0) --largest;
  if ((uint64_t{split.base} + largest) >> (leading.width - 1 - split.shift)) return kInfinity;
  uint64_t counts[256];
  uint64_t escaped = window(leading, split.shift - leading.shift, int64_t{split.base}, counts);
  double bits = 0;
  for (unsigned k = 0; k < 256; ++k) {
    if (frequencies[k] == 0 || static_cast<int>(k) == escape) {
      escaped += counts[k];
    } else {
      bits += static_cast<double>(counts[k]) * (kSlotBits - log2_of(frequencies[k]));
    }
  }
  if (escaped == 0) return bits;
  if (escape < 0) return kInfinity;
  return bits + static_cast<double>(escaped) * (kSlotBits - log2_of(frequencies[escape]) + kLiteralBits);
}

}  // namespace spf
