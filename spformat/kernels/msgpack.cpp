#include "msgpack.h"

namespace spf {
namespace {

constexpr unsigned kMostDepth = 32;

// Whether the bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  while (at != end) {
    const uint8_t first = *at++;
    if (first < 0x80) continue;
    const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || end - at < static_cast<int64_t>(more)) return false;
    const uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (*at < low || *at > high) return false;
    for (unsigned i = 1; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

}  // namespace

bool Msgpack::big_endian(unsigned bytes, uint64_t& value) {
  if (end_ - at_ < static_cast<int64_t>(bytes)) return false;
  value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = value << 8 | *at_++;
  return true;
}

// A length: in the first byte when that is in [fixed, fixed_end), else in 1, 2 or 4 bytes after `code` (the code of the
// `narrowest` of those widths that the kind has), in the shortest that holds it.
bool Msgpack::head(uint8_t fixed, uint8_t fixed_end, uint8_t code, unsigned narrowest, uint64_t& count) {
  if (at_ == end_) return false;
  const uint8_t first = *at_;
  if (first >= fixed && first < fixed_end) {
    count = static_cast<uint64_t>(first - fixed);
    ++at_;
    return true;
  }
  uint64_t least = static_cast<uint64_t>(fixed_end - fixed);
  for (unsigned width = narrowest; width <= 4; width *= 2, ++code) {
    if (first == code) {
      ++at_;
      return big_endian(width, count) && count >= least;
    }
    least = uint64_t{1} << (8 * width);
  }
  return false;
}

bool Msgpack::take(uint64_t count, std::string_view& out) {
  if (static_cast<uint64_t>(end_ - at_) < count) return false;
  out = {reinterpret_cast<const char*>(at_), static_cast<size_t>(count)};
  at_ += count;
  return true;
}

bool Msgpack::array(uint64_t& count) {
  return head(0x90, 0xA0, 0xDC, 2, count) && count <= static_cast<uint64_t>(end_ - at_);
}

bool Msgpack::map(uint64_t& count) {
  return head(0x80, 0x90, 0xDE, 2, count) && count <= static_cast<uint64_t>(end_ - at_) / 2;
}

bool Msgpack::number(uint64_t& value) {
  if (at_ == end_) return false;
  const uint8_t first = *at_++;
  value = first;
  if (first < 0x80) return true;
  if (first < 0xCC || first > 0xCF) return false;
  const unsigned width = 1u << (first - 0xCC);
  const uint64_t least = width == 1 ? 0x80 : uint64_t{1} << (4 * width);
  return big_endian(width, value) && value >= least;
}

bool Msgpack::small_number(int64_t& value) {
  if (at_ != end_ && *at_ >= 0xE0) {
    value = static_cast<int8_t>(*at_++);
    return true;
  }
  uint64_t found = 0;
  if (!number(found) || found >> 63) return false;
  value = static_cast<int64_t>(found);
  return true;
}

bool Msgpack::text(std::string_view& text) {
  uint64_t count = 0;
  return head(0xA0, 0xC0, 0xD9, 1, count) && take(count, text) && is_utf8(text);
}

bool Msgpack::bytes(std::string_view& bytes) {
  uint64_t count = 0;
  return head(0, 0, 0xC4, 1, count) && take(count, bytes);
}

bool Msgpack::truth() { return at_ != end_ && *at_++ == 0xC3; }

bool Msgpack::truth(bool& value) {
  if (at_ == end_ || (*at_ != 0xC2 && *at_ != 0xC3)) return false;
  value = *at_++ == 0xC3;
  return true;
}

bool Msgpack::nil() { return at_ != end_ && *at_ == 0xC0 && ++at_; }

bool Msgpack::integer(int64_t& value) {
  if (at_ == end_ || *at_ < 0xD0 || *at_ > 0xD3) return small_number(value);
  const unsigned width = 1u << (*at_++ - 0xD0);
  uint64_t found = 0;
  if (!big_endian(width, found)) return false;
  value = static_cast<int64_t>(found << (64 - 8 * width)) >> (64 - 8 * width);
  return width == 1 ? value < -32 : value < -(int64_t{1} << (4 * width - 1));
}

bool Msgpack::next_is_array() const {
  return at_ != end_ && ((*at_ & 0xF0) == 0x90 || *at_ == 0xDC || *at_ == 0xDD);
}

bool Msgpack::next_is_map() const {
  return at_ != end_ && ((*at_ & 0xF0) == 0x80 || *at_ == 0xDE || *at_ == 0xDF);
}

bool Msgpack::next_is_bytes() const { return at_ != end_ && *at_ >= 0xC4 && *at_ <= 0xC6; }

bool Msgpack::skip(unsigned depth) {
  if (depth > kMostDepth || at_ == end_) return false;
  if (next_is_map()) return skip_map(depth);
  if (!next_is_array()) return skip_scalar();
  uint64_t count = 0;
  return array(count) && skip_all(count, depth);
}

bool Msgpack::skip_all(uint64_t count, unsigned depth) {
  for (; count; --count) {
    if (!skip(depth + 1)) return false;
  }
  return true;
}

bool Msgpack::skip_map(unsigned depth) {
  uint64_t count = 0;
  std::string_view key, last;
  if (!map(count)) return false;
  for (uint64_t i = 0; i < count; ++i, last = key) {
    if (!text(key) || (i && key <= last) || !skip(depth + 1)) return false;
  }
  return true;
}

bool Msgpack::skip_scalar() {
  const uint8_t first = *at_;
  uint64_t number_found = 0;
  std::string_view found;
  if (first < 0x80 || (first >= 0xCC && first <= 0xCF)) return number(number_found);
  if (first >= 0xC4 && first <= 0xC6) return bytes(found);
  if ((first >= 0xA0 && first < 0xC0) || (first >= 0xD9 && first <= 0xDB)) return text(found);
  if (first >= 0xE0 || first == 0xC0 || first == 0xC2 || first == 0xC3) return ++at_, true;
  if (first == 0xCB) return take(9, found);
  int64_t negative = 0;
  return first >= 0xD0 && first <= 0xD3 && integer(negative);
}

}  // namespace spf
