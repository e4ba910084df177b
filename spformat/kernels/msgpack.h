// Canonical msgpack (spec/format.md, section 3.1), read forwards. Whatever is not in the one form that the format allows,
// and whatever does not fit into the bytes there are, is refused: each function says whether it found what it wants.
#pragma once
#include <cstdint>
#include <string_view>

namespace spf {

class Msgpack {
 public:
  Msgpack(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}

  const uint8_t* at() const { return at_; }
  bool at_end() const { return at_ == end_; }

  // Each takes one value of its kind; of an array and a map it takes the head, and `count` fits into the bytes left.
  bool array(uint64_t& count);
  bool map(uint64_t& count);
  bool number(uint64_t& value);       // an integer that is not negative
  bool small_number(int64_t& value);  // an integer between -32 and 2^63 - 1
  bool text(std::string_view& text);  // valid UTF-8
  bool bytes(std::string_view& bytes);
  bool truth();                       // true itself
  bool truth(bool& value);
  bool nil();                         // takes nothing when something else comes
  bool integer(int64_t& value);       // any integer below 2^63

  bool next_is_array() const;
  bool next_is_map() const;
  bool next_is_bytes() const;

  // Takes a value of any kind but ext, maps with text keys in ascending order; refuses what is nested too deeply.
  bool skip(unsigned depth = 0);

 private:
  bool big_endian(unsigned bytes, uint64_t& value);
  bool head(uint8_t fixed, uint8_t fixed_end, uint8_t code, unsigned narrowest, uint64_t& count);
  bool take(uint64_t count, std::string_view& out);
  bool skip_all(uint64_t count, unsigned depth);
  bool skip_map(unsigned depth);
  bool skip_scalar();

  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace spf
