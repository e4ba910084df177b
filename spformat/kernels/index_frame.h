// Prologue and footer of a file (spec/format.md, section 2), and the bytes of its index.
#pragma once
#include <memory>

#include "engine.h"

namespace spf {

constexpr uint64_t kFooter = 48;

struct Frame {
  std::unique_ptr<uint8_t[]> index;  // and the footer, which follows it
  uint64_t index_offset = 0, index_bytes = 0, file_bytes = 0;
};

// False where it breaks a rule, is of another version or has an index of more bytes, or cannot be read: the reader in Python
// says why. Throws std::bad_alloc.
bool read_frame(const Source& source, uint64_t most_index_bytes, Frame& frame);

}  // namespace spf
