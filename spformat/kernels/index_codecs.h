// Codecs as they stand in the index (spec/format.md, section 7) -> a Coding.
#pragma once
#include <memory>
#include <vector>

#include "coding.h"
#include "msgpack.h"

namespace spf {

constexpr uint64_t kMostDecodedBytes = uint64_t{1} << 62, kMostTables = 256;  // mirrored by spformat/limits.py

// A number in [least, most].
inline bool within(Msgpack& in, uint64_t least, uint64_t most, uint64_t& value) {
  return in.number(value) && value >= least && value <= most;
}

inline const uint8_t* data_of(std::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

// Whether all are finite and none has its sign bit set, unless `any_sign`.
bool are_finite(std::string_view floats, bool any_sign);

// Classes of rows and columns, and steps, which codings point to.
using ClassArrays = std::vector<std::unique_ptr<uint8_t[]>>;

// Reads the codecs of a tensor of which layout, itemsize and view are known.
class CodecReader {
 public:
  CodecReader(Msgpack& in, const Block& form, bool is_float32, ClassArrays& classes)
      : in_(in), form_(form), is_float32_(is_float32), classes_(classes) {}

  bool read();
  const Coding& coding() const { return coding_; }
  bool is_plain() const {
    return coding_.value_codec == kRaw && (coding_.index_codec == kRaw || coding_.index_codec == kBitpack);
  }

 private:
  bool index_codec();
  bool strips();
  bool read_classes(uint64_t count, uint64_t lines, const uint8_t*& out);
  bool value_codec();
  bool floatsplit();
  bool codebook(bool of_steps);
  bool grouped();
  bool integers(std::string_view& patterns);
  bool runs();
  bool scaled();
  bool wrap();
  bool table(uint8_t& number);

  Msgpack& in_;
  const Block& form_;
  const bool is_float32_;
  ClassArrays& classes_;
  Coding coding_{};
};

}  // namespace spf
