#include "rans.h"

#include <algorithm>
#include <cmath>

#include "simd.h"

namespace spf {
namespace {

constexpr uint64_t kManySymbols = 40'000, kFewSymbols = 16'000;

unsigned lanes_of_stream(uint64_t bytes) {
  return bytes >= 32'000 ? 32 : bytes >= 4'000 ? 16 : bytes >= 1'500 ? 8 : bytes >= 800 ? 4 : 1;
}

unsigned lanes_of_block(uint64_t bytes, uint64_t symbols) {
  if (bytes >= 12'000) return bytes >= 32'000 ? 32 : 16;
  if (bytes >= 8'000 && symbols >= kFewSymbols) return 8;
  return bytes >= 3'000 ? 4 : bytes >= 1'500 ? 2 : 1;
}

// A lane costs about three bytes; 32 lanes decode a symbol in a third of the time of four. So they take at most a half
// per cent of the block, but where many symbols take few bytes, and some of a stream: where the rest of its block is
// long, more would help little.
unsigned lanes_for(uint64_t symbols, uint64_t bytes, const Beside& beside) {
  const unsigned most = lanes_of_stream(bytes + beside.fields);
  unsigned lanes = lanes_of_block(bytes + beside.fields + beside.rest, symbols);
  if (symbols >= kManySymbols) lanes = std::max(lanes, bytes >= 6'000 ? 16u : 8u);
  return std::min(lanes, most);
}

uint64_t coded_bytes(const Models& models, const Contexts& contexts, const uint8_t* symbols, uint64_t count) {
  uint64_t bits = 0;
  for (uint64_t i = 0; i < count; ++i) bits += models.encode[contexts.at(i)].symbols[symbols[i]].bits;
  return bits >> 11;
}

inline uint8_t next_symbol(uint32_t& state, const DecodeModel& model) {
  const uint32_t slot = model.slots[state & (kSlots - 1)];
  state = ((slot >> 20) + 1) * (state >> kSlotBits) + ((slot >> 8) & (kSlots - 1));
  return static_cast<uint8_t>(slot);
}

Failure open(Cursor& cursor, RansStream& stream) {
  if (cursor.left() < 1) return {Status::rans_short, 1, 0};
  const unsigned log_lanes = cursor.at[0];
  if (log_lanes > 5) return {Status::rans_lanes, 5, log_lanes};
  stream.lanes = 1u << log_lanes;
  const uint64_t head = 1 + 4 * stream.lanes;
  if (cursor.left() < head) return {Status::rans_short, head, cursor.left()};
  for (unsigned lane = 0; lane < stream.lanes; ++lane) {
    stream.state[lane] = load<uint32_t>(cursor.at + 1 + 4 * lane);
    if (stream.state[lane] < kLowest) return {Status::rans_state, kLowest, stream.state[lane]};
  }
  stream.words = cursor.at + head;
  stream.end = cursor.end;
  return {};
}

Failure finish(const RansStream& stream) {
  for (unsigned lane = 0; lane < stream.lanes; ++lane) {
    if (stream.state[lane] != kLowest) return {Status::rans_state, kLowest, stream.state[lane]};
  }
  return {};
}

}  // namespace

uint64_t rans_steps_scalar(RansStream& stream, const DecodeModel* models, const Contexts& contexts, uint64_t from,
                           uint64_t to, uint8_t* symbols) {
  const unsigned lanes = stream.lanes;
  for (; from + lanes <= to && stream.end - stream.words >= 2 * static_cast<int64_t>(lanes); from += lanes) {
    for (unsigned lane = 0; lane < lanes; ++lane) {
      uint32_t& state = stream.state[lane];
      symbols[from + lane] = next_symbol(state, models[contexts.at(from + lane)]);
      if (state >= kLowest) continue;
      state = (state << 16) | load<uint16_t>(stream.words);
      stream.words += 2;
    }
  }
  return from;
}

Failure rans_decode(Cursor& cursor, const Models& models, const Contexts& contexts, uint64_t count, uint8_t* symbols) {
  if (count == 0) return {};
  RansStream stream;
  if (const Failure failure = open(cursor, stream)) return failure;
  uint64_t i = simd().rans_steps(stream, models.decode, contexts, 0, count, symbols);
  for (; i < count; ++i) {
    uint32_t& state = stream.state[i % stream.lanes];
    symbols[i] = next_symbol(state, models.decode[contexts.at(i)]);
    if (state >= kLowest) continue;
    if (stream.end - stream.words < 2) return {Status::rans_short, 2, static_cast<uint64_t>(stream.end - stream.words)};
    state = (state << 16) | load<uint16_t>(stream.words);
    stream.words += 2;
  }
  cursor.at = stream.words;
  return finish(stream);
}

uint8_t* rans_encode(const Models& models, const Contexts& contexts, const uint8_t* symbols, uint64_t count,
                     uint8_t* out, const Beside& beside) {
  if (count == 0) return out;
  const unsigned lanes = lanes_for(count, coded_bytes(models, contexts, symbols, count), beside);
  uint32_t state[kMostLanes];
  for (uint32_t& s : state) s = kLowest;
  // The decoder reads forwards what the encoder finds backwards: words are written from the end of the room down.
  uint8_t* const end = out + rans_bound(count);
  uint8_t* words = end;
  for (uint64_t i = count; i-- > 0;) {
    const EncodeSymbol& symbol = models.encode[contexts.at(i)].symbols[symbols[i]];
    if (symbol.frequency == 0) return nullptr;
    uint32_t& s = state[i & (lanes - 1)];
    const bool full = s >> (32 - kSlotBits) >= symbol.frequency;  // its word is written in any case, and kept if full
    store(words - 2, static_cast<uint16_t>(s));
    words -= full ? 2 : 0;
    s = full ? s >> 16 : s;
    const auto quotient = static_cast<uint32_t>((static_cast<unsigned __int128>(s) * symbol.reciprocal) >> 64);
    s += symbol.bias + quotient * (kSlots - symbol.frequency);
  }
  const uint64_t bytes = static_cast<uint64_t>(end - words);
  out[0] = static_cast<uint8_t>(__builtin_ctz(lanes));
  for (unsigned lane = 0; lane < lanes; ++lane) store(out + 1 + 4 * lane, state[lane]);
  std::memmove(out + 1 + 4 * lanes, words, bytes);
  return out + 1 + 4 * lanes + bytes;
}

void expand_decode_model(const uint16_t* frequency, DecodeModel& decode) {
  uint32_t start = 0;
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const uint32_t head = symbol | ((frequency[symbol] - 1u) << 20);
    const uint32_t left = kSlots - start, count = frequency[symbol] < left ? frequency[symbol] : left;
    uint32_t* const slots = decode.slots + start;
    for (uint32_t i = 0; i < count; ++i) slots[i] = head | (i << 8);
    start += count;
  }
}

void expand_encode_model(const uint16_t* frequency, EncodeModel& encode) {
  uint32_t start = 0;
  for (unsigned symbol = 0; symbol < 256; ++symbol) {
    const unsigned f = frequency[symbol];
    const double share = f ? f / static_cast<double>(kSlots) : 1;
    encode.symbols[symbol] = {f > 1 ? ~uint64_t{0} / f + 1 : ~uint64_t{0}, frequency[symbol],
                              static_cast<uint16_t>(f == 1 ? start + kSlots - 1 : start),
                              static_cast<uint16_t>(std::lround(-256 * std::log2(share))), 0};
    start += f;
  }
}

}  // namespace spf
