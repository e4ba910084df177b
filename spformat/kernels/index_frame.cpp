#include "index_frame.h"

#include <sys/stat.h>

#include <cstring>

#include "xxh3.h"

namespace spf {
namespace {

constexpr uint8_t kPrologue[16] = {0x89, 'S', 'P', 'F', '\r', '\n', 0x1A, '\n', 1};  // version 1.0 without flags
constexpr uint8_t kEndMagic[8] = {0x89, 'S', 'P', 'F', 'E', 'N', 'D', '\n'};
constexpr uint64_t kFields = 32;  // of the footer, of which the digest is, too

bool length_of(const Source& source, uint64_t& bytes) {
  if (source.memory) {
    bytes = source.bytes;
    return true;
  }
  struct stat about;
  if (::fstat(source.file, &about) || about.st_size < 0) return false;
  bytes = static_cast<uint64_t>(about.st_size);
  return true;
}

bool read(const Source& source, uint64_t offset, uint64_t bytes, uint8_t* to) {
  if (!source.memory) return !read_file(source, offset, bytes, to);
  std::memcpy(to, source.memory + offset, bytes);
  return true;
}

}  // namespace

bool read_frame(const Source& source, uint64_t most_index_bytes, Frame& frame) {
  if (!length_of(source, frame.file_bytes) || frame.file_bytes < sizeof kPrologue + kFooter) return false;
  const uint64_t end = frame.file_bytes - kFooter;
  uint8_t prologue[sizeof kPrologue], footer[kFooter];
  if (!read(source, 0, sizeof prologue, prologue) || !read(source, end, kFooter, footer)) return false;
  if (std::memcmp(prologue, kPrologue, sizeof prologue) || std::memcmp(footer, prologue + 8, 8)) return false;
  if (std::memcmp(footer + 40, kEndMagic, sizeof kEndMagic) || load<uint64_t>(footer + 24) != frame.file_bytes) return false;
  frame.index_offset = load<uint64_t>(footer + 8);
  frame.index_bytes = load<uint64_t>(footer + 16);
  if (frame.index_offset < sizeof kPrologue || frame.index_offset > end || frame.index_bytes != end - frame.index_offset)
    return false;
  if (frame.index_bytes > most_index_bytes) return false;
  frame.index.reset(new uint8_t[frame.index_bytes + kFooter]);
  if (!read(source, frame.index_offset, frame.index_bytes + kFooter, frame.index.get())) return false;
  if (std::memcmp(frame.index.get() + frame.index_bytes, footer, kFooter)) return false;  // it changes while it is read
  return xxh3_64(frame.index.get(), frame.index_bytes + kFields) == load<uint64_t>(footer + 32);
}

}  // namespace spf
