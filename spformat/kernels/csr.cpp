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
  unsigned width = 0;      // of a pointer
  unsigned gap_width = 0;  // of a gap code: bits, or 8 when an entropy coder gave bytes
  const uint8_t *pointers = nullptr, *gaps = nullptr, *values = nullptr;
};

uint64_t pointer_bytes(uint64_t groups, unsigned width) { return groups > 1 ? 1 + bytes_of_bits(groups, width) : 0; }

uint64_t total_bytes(const Block& b, uint64_t pointers) {
  return pointers + bytes_of_bits(b.entries, b.bits) + stored_values(b) * b.itemsize;
}

Failure check_pointers(const Block& b, const Parts& parts) {
  if (parts.width == 0) return b.entries ? Failure{Status::csr_pointers, b.entries, 0} : Failure{};
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

Failure read_pointers(const Block& b, Cursor& cursor, Parts& parts) {
  parts.groups = groups_of(b);
  if (parts.groups <= 1) return {};
  if (cursor.left() == 0) return {Status::stored_bytes, 1, 0};
  parts.width = *cursor.at++;
  if (parts.width > 32) return {Status::csr_pointers, 32, parts.width};
  const uint64_t bytes = bytes_of_bits(parts.groups, parts.width);
  if (cursor.left() < bytes) return {Status::stored_bytes, bytes, cursor.left()};
  parts.pointers = cursor.at;
  cursor.at += bytes;
  return check_pointers(b, parts);
}

Failure read_packed_gaps(const Block& b, Cursor& cursor, Parts& parts) {
  const uint64_t bytes = bytes_of_bits(b.entries, b.bits);
  if (cursor.left() < bytes) return {Status::stored_bytes, bytes, cursor.left()};
  parts.gaps = cursor.at;
  parts.gap_width = b.bits;
  cursor.at += bytes;
  if (!padding_is_zero(parts.gaps, b.entries, b.bits)) return {Status::csr_padding, 0, 1};
  return {};
}

Failure split(const Block& b, const uint8_t* stored, Workspace& work, Parts& parts) {
  Cursor cursor{stored, stored + b.stored_bytes};
  if (const Failure failure = read_pointers(b, cursor, parts)) return failure;
  parts.gap_width = 8;
  const bool packed = index_codec_of(b) == kBitpack;
  const Failure gaps = packed ? read_packed_gaps(b, cursor, parts) : read_gaps(b, cursor, work, &parts.gaps);
  if (gaps) return gaps;
  if (const Failure failure = read_values(b, stored_values(b), cursor, work, &parts.values)) return failure;
  if (cursor.left()) return {Status::stored_bytes, b.stored_bytes - cursor.left(), b.stored_bytes};
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
  const uint64_t values = stored_values(b);
  if (b.entries == 0) return b.nonzeros ? Failure{Status::csr_nonzeros, b.nonzeros, 0} : Failure{};  // no group to walk
  uint64_t entry = 0, value = 0, real = 0;
  Step step{code.start};
  for (uint64_t g = 0; g < parts.groups; ++g) {
    const uint64_t count = parts.groups > 1 ? bits_at(parts.pointers, g, parts.width) : b.entries;
    step = Step{code.carry ? step.s : code.start};
    for (uint64_t i = 0; i < count; ++i, ++entry) {
      const uint64_t c = bits_at(parts.gaps, entry, parts.gap_width);
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

namespace {

// Calls code(c) for each gap code and value(element) for each value, in the order in which they are stored.
template <class Code, class Value, class GroupEnd>
void emit(const Block& block, const void* elements, Code&& code, Value&& value, GroupEnd&& group_end) {
  const uint64_t largest = (uint64_t{1} << block.bits) - 1;
  with_item(block.itemsize, [&]<class Item>(Item*) {
    const Item* from = static_cast<const Item*>(elements);
    walk(
        block, elements,
        [&](uint64_t fills, uint64_t c, uint64_t position) {
          for (; fills; --fills) {
            code(largest);
            if (!block.escape) value(Item(0));
          }
          code(c);
          value(from[position]);
        },
        group_end);
  });
}

// Writes the pointers' width and returns where the gaps start.
uint8_t* start_pointers(const Block& block, const void* elements, uint8_t* stored, unsigned& width) {
  const uint64_t groups = groups_of(block);
  width = 0;
  if (groups <= 1) return stored;
  uint64_t most = 0;
  walk(block, elements, [](uint64_t, uint64_t, uint64_t) {}, [&](uint64_t n) { most = n > most ? n : most; });
  width = width_of(most);
  stored[0] = static_cast<uint8_t>(width);
  return stored + pointer_bytes(groups, width);
}

}  // namespace

uint8_t* encode_csr(const Block& block, const void* elements, Workspace& work, uint8_t* stored) {
  unsigned width = 0;
  uint8_t* gaps = start_pointers(block, elements, stored, width);
  const bool pointed = groups_of(block) > 1, coded = index_codec_of(block) != kBitpack;
  uint8_t* values = block.coding ? work.values : gaps + bytes_of_bits(block.entries, block.bits);
  uint8_t* codes = work.mask;  // symbols and tables are taken by the codecs
  BitWriter pointer_stream(stored + 1), gap_stream(gaps);
  emit(
      block, elements,
      [&](uint64_t c) {
        if (coded) {
          *codes++ = static_cast<uint8_t>(c);
        } else {
          gap_stream.put(c, block.bits);
        }
      },
      [&](auto value) {
        store(values, value);
        values += sizeof(value);
      },
      [&](uint64_t count) {
        if (pointed) pointer_stream.put(count, width);
      });
  if (pointed) pointer_stream.finish();
  if (!coded) gap_stream.finish();
  if (!block.coding) return values;
  uint8_t* end = coded ? write_gaps(block, work.mask, block.entries, gaps)
                       : gaps + bytes_of_bits(block.entries, block.bits);
  if (!end) return nullptr;
  work.index_bytes = static_cast<uint64_t>(end - stored);
  return write_values(block, work.values, stored_values(block), work, end);
}

Failure decode_csr(const Block& block, const uint8_t* stored, Workspace& work, void* elements) {
  Parts parts;
  if (const Failure failure = split(block, stored, work, parts)) return failure;
  if (parts.groups <= 1 && block.origin == -1 && block.bias == 1) {
    const int size = size_index(block.itemsize);
    const Scatter scatter = block.escape ? simd().scatter_escape[size] : simd().scatter_filler[size];
    return scatter(block, parts.gap_width, parts.gaps, parts.values, elements);
  }
  auto* out = static_cast<uint8_t*>(elements);
  return decode_general(block, parts, [&](uint64_t position, const uint8_t* value) {
    std::memcpy(out + position * block.itemsize, value, block.itemsize);
  });
}

Failure positions_csr(const Block& block, const uint8_t* stored, Workspace& work, int64_t* positions,
                      uint8_t* values) {
  Parts parts;
  if (const Failure failure = split(block, stored, work, parts)) return failure;
  return decode_general(block, parts, [&](uint64_t position, const uint8_t* value) {
    *positions++ = static_cast<int64_t>(block.first + position);
    std::memcpy(values, value, block.itemsize);
    values += block.itemsize;
  });
}

}  // namespace spf
