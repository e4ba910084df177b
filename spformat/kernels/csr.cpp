#include "bits.h"
#include "gap_code.h"
#include "layouts.h"
#include "nonzeros.h"

namespace spf {
namespace {

// Calls entry(fills, code, position) for each nonzero and group_end(entries of the group) for each group.
template <class Entry, class GroupEnd>
void walk(const Block& block, const void* elements, Entry&& entry, GroupEnd&& group_end) {
  const GapCode code(block);
  const uint64_t groups = groups_of(block);
  uint64_t s = code.start, group = 0, base = 0, count = 0;
  const auto close = [&] {
    group_end(count);
    count = 0;
    ++group;
    base += code.group;
    if (!code.carry) s = code.start;
  };
  for_each_nonzero(elements, block.itemsize, block.elements, [&](uint64_t position) {
    while (position - base >= code.group) close();
    const uint64_t x = position - base;
    const uint64_t d = code.difference(x, s);
    const uint64_t fills = code.fills(d);
    entry(fills, d - fills * code.step - code.bias, position);
    count += fills + 1;
    s = x;
  });
  while (group < groups) close();
}

struct Parts {
  uint64_t groups = 0;
  unsigned width = 0;
  const uint8_t *pointers = nullptr, *gaps = nullptr, *values = nullptr;
};

uint64_t values_of(const Block& b) { return b.escape ? b.nonzeros : b.entries; }

uint64_t pointer_bytes(uint64_t groups, unsigned width) { return groups > 1 ? 1 + bytes_of_bits(groups, width) : 0; }

uint64_t total_bytes(const Block& b, uint64_t pointers) {
  return pointers + bytes_of_bits(b.entries, b.bits) + values_of(b) * b.itemsize;
}

Failure check_pointers(const Block& b, const Parts& parts) {
  uint64_t sum = 0, most = 0;
  for (uint64_t g = 0; g < parts.groups; ++g) {
    const uint64_t count = bits_at(parts.pointers, g, parts.width);
    sum += count;
    most = count > most ? count : most;
  }
  if (sum != b.entries) return {Status::csr_pointers, b.entries, sum};
  if (width_of(most) != parts.width) return {Status::csr_pointers, width_of(most), parts.width};
  if (!padding_is_zero(parts.pointers, parts.groups, parts.width)) return {Status::csr_pointers, 0, 1};
  return {};
}

Failure split(const Block& b, const uint8_t* stored, Parts& parts) {
  parts.groups = groups_of(b);
  uint64_t pointers = 0;
  if (parts.groups > 1) {
    if (b.stored_bytes == 0) return {Status::stored_bytes, 1, 0};
    parts.width = stored[0];
    if (parts.width > 32) return {Status::csr_pointers, 32, parts.width};
    pointers = pointer_bytes(parts.groups, parts.width);
  }
  const uint64_t bytes = total_bytes(b, pointers);
  if (bytes != b.stored_bytes) return {Status::stored_bytes, bytes, b.stored_bytes};
  parts.pointers = stored + 1;
  parts.gaps = stored + pointers;
  parts.values = parts.gaps + bytes_of_bits(b.entries, b.bits);
  if (parts.groups > 1) {
    if (const Failure failure = check_pointers(b, parts)) return failure;
  }
  if (!padding_is_zero(parts.gaps, b.entries, b.bits)) return {Status::csr_padding, 0, 1};
  return {};
}

inline bool is_zero(const uint8_t* value, unsigned itemsize) {
  uint8_t any = 0;
  for (unsigned i = 0; i < itemsize; ++i) any |= value[i];
  return any == 0;
}

// State of the walk through the entries of one group.
struct Step {
  uint64_t s;
  uint64_t d = 0;         // difference so far, fillers and escapes included
  int64_t before = -1;    // the nonzero before, -1 at the start of the group
  bool filled = false;    // the last entry was a filler or an escape
};

Failure place(const Block& b, const GapCode& code, uint64_t base, Step& step, uint64_t* position) {
  if (step.d > code.group - 1 + code.bias) return {Status::csr_position, code.group - 1 + code.bias, step.d};
  if (static_cast<int64_t>(step.s) <= step.before) return {Status::csr_position, step.s, base + step.s};
  *position = base + step.s;
  if (*position >= b.elements) return {Status::csr_position, b.elements, *position};
  step.before = static_cast<int64_t>(step.s);
  step.d = 0;
  step.filled = false;
  return {};
}

// The reference decoder: every parameter choice. Calls sink(position in the block, value).
template <class Sink>
Failure decode_general(const Block& b, const Parts& parts, Sink&& sink) {
  const GapCode code(b);
  const uint64_t values = values_of(b);
  uint64_t entry = 0, value = 0, real = 0;
  Step step{code.start};
  for (uint64_t g = 0; g < parts.groups; ++g) {
    const uint64_t count = parts.groups > 1 ? bits_at(parts.pointers, g, parts.width) : b.entries;
    step = Step{code.carry ? step.s : code.start};
    for (uint64_t i = 0; i < count; ++i, ++entry) {
      const uint64_t c = bits_at(parts.gaps, entry, b.bits);
      const bool escape = code.escape && c == code.largest;
      const uint64_t advance = escape ? code.step : c + code.bias;
      step.d += advance;
      step.s = (step.s + advance) % code.group;
      step.filled = true;
      if (escape) continue;
      if (value == values) return {Status::csr_nonzeros, values, value + 1};
      const uint8_t* from = parts.values + value++ * b.itemsize;
      if (is_zero(from, b.itemsize)) {
        if (code.escape || c != code.largest) return {Status::csr_zero, 0, entry};
        continue;
      }
      uint64_t position = 0;
      if (const Failure failure = place(b, code, g * code.group, step, &position)) return failure;
      if (real == b.nonzeros) return {Status::csr_nonzeros, b.nonzeros, real + 1};
      sink(position, from);
      ++real;
    }
    if (step.filled) return {Status::csr_last, 0, entry - 1};
  }
  if (real != b.nonzeros) return {Status::csr_nonzeros, b.nonzeros, real};
  return {};
}

}  // namespace

void measure_csr(Block& block, const void* elements) {
  uint64_t most = 0;
  block.nonzeros = block.entries = 0;
  walk(
      block, elements, [&](uint64_t, uint64_t, uint64_t) { ++block.nonzeros; },
      [&](uint64_t count) {
        block.entries += count;
        most = count > most ? count : most;
      });
  block.stored_bytes = total_bytes(block, pointer_bytes(groups_of(block), width_of(most)));
}

void encode_csr(const Block& block, const void* elements, uint8_t* stored) {
  uint64_t most = 0;
  const uint64_t groups = groups_of(block);
  if (groups > 1) {
    walk(block, elements, [](uint64_t, uint64_t, uint64_t) {}, [&](uint64_t n) { most = n > most ? n : most; });
    stored[0] = static_cast<uint8_t>(width_of(most));
  }
  const unsigned width = width_of(most);
  uint8_t* gaps = stored + pointer_bytes(groups, width);
  uint8_t* values = gaps + bytes_of_bits(block.entries, block.bits);
  BitWriter pointer_stream(stored + 1), gap_stream(gaps);
  const uint64_t largest = (uint64_t{1} << block.bits) - 1;
  with_item(block.itemsize, [&]<class Item>(Item*) {
    const Item* from = static_cast<const Item*>(elements);
    walk(
        block, elements,
        [&](uint64_t fills, uint64_t c, uint64_t position) {
          for (; fills; --fills) {
            gap_stream.put(largest, block.bits);
            if (block.escape) continue;
            store(values, Item(0));
            values += sizeof(Item);
          }
          gap_stream.put(c, block.bits);
          store(values, from[position]);
          values += sizeof(Item);
        },
        [&](uint64_t count) {
          if (groups > 1) pointer_stream.put(count, width);
        });
  });
  if (groups > 1) pointer_stream.finish();
  gap_stream.finish();
}

Failure decode_csr(const Block& block, const uint8_t* stored, void* elements) {
  Parts parts;
  if (const Failure failure = split(block, stored, parts)) return failure;
  if (parts.groups <= 1 && block.origin == -1 && block.bias == 1) {
    const int size = size_index(block.itemsize);
    const Scatter scatter = block.escape ? simd().scatter_escape[size] : simd().scatter_filler[size];
    return scatter(block, parts.gaps, parts.values, elements);
  }
  auto* out = static_cast<uint8_t*>(elements);
  return decode_general(block, parts, [&](uint64_t position, const uint8_t* value) {
    std::memcpy(out + position * block.itemsize, value, block.itemsize);
  });
}

Failure positions_csr(const Block& block, const uint8_t* stored, int64_t* positions, uint8_t* values) {
  Parts parts;
  if (const Failure failure = split(block, stored, parts)) return failure;
  return decode_general(block, parts, [&](uint64_t position, const uint8_t* value) {
    *positions++ = static_cast<int64_t>(block.first + position);
    std::memcpy(values, value, block.itemsize);
    values += block.itemsize;
  });
}

}  // namespace spf
