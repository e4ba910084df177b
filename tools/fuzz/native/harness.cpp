// One input of the fuzzer: a block of a vector with other stored bytes, their digest right, or a table, or an index. It
// is decoded in every way there is, into memory of exactly its size. AddressSanitizer and UBSan see wrong accesses, this file
// sees ways of decoding that disagree.
#include "cases.h"
#include "engine.h"
#include "index.h"
#include "layouts.h"
#include "simd.h"
#include "xxh3.h"

namespace {

using fuzz::Bytes;
using fuzz::Case;

constexpr size_t kFooter = 48;  // what follows the last section of a file in memory

void must(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::abort();
}

// What Python checks before a kernel sees a block: layouts/storage.py, _check_block.
bool may_be_declared(const spf::Block& b) {
  const bool counts = b.layout == spf::kDense     ? b.nonzeros <= b.elements && b.entries == b.elements
                      : b.layout == spf::kBitmask ? b.nonzeros == b.entries && b.entries <= b.elements
                                                  : b.nonzeros <= b.elements && b.nonzeros <= b.entries;
  if (!counts || b.entries > (b.coding ? b.elements : UINT32_MAX)) return false;
  if (b.coding) return true;
  const bool csr = b.layout == spf::kCsr;
  const uint64_t index = csr ? spf::bytes_of_bits(b.entries, b.bits) : b.layout ? spf::bytes_of_bits(b.elements, 1) : 0;
  const uint64_t least = index + (csr && !b.escape ? b.entries : b.nonzeros) * b.itemsize;
  if (b.layout == spf::kDense) return b.stored_bytes == b.elements * b.itemsize;
  const uint64_t groups = csr ? (b.elements + b.group_elements - 1) / b.group_elements : 1;
  return least <= b.stored_bytes && b.stored_bytes <= least + (groups > 1 ? 1 + 4 * groups : 0);
}

// Memory of exactly this size. The kernels are never given a null pointer, not even for no bytes.
template <class T>
std::vector<T> memory(uint64_t count) {
  std::vector<T> made(count);
  if (!count) made.reserve(1);
  return made;
}

// A block of a column view is scattered over the whole tensor; any other lies in one piece.
struct Elements {
  explicit Elements(const spf::Block& b)
      : bytes(memory<uint8_t>((b.column ? b.row_elements * b.view_rows : b.elements) * b.itemsize)),
        skipped(b.column ? 0 : b.first) {}
  Bytes bytes;
  uint64_t skipped;
  uint64_t address(const spf::Block& b) { return reinterpret_cast<uint64_t>(bytes.data()) - skipped * b.itemsize; }
};

bool decodes(spf::Block b, const spf::Source& source, const char* simd, Elements& elements) {
  spf::select_simd(simd);
  b.data = elements.address(b);
  return !spf::run(spf::Task::decode, &b, 1, source, 1).failure;
}

// Where an element of the view lies in the tensor.
uint64_t place_of(const spf::Block& b, uint64_t position) {
  return b.column ? position % b.row_elements * b.view_rows + position / b.row_elements : position;
}

void check_positions(spf::Block b, const spf::Source& source, bool decoded, Elements& elements) {
  auto positions = memory<int64_t>(b.nonzeros);
  auto values = memory<uint8_t>(b.nonzeros * b.itemsize);
  b.positions = reinterpret_cast<uint64_t>(positions.data());
  b.data = reinterpret_cast<uint64_t>(values.data());
  const spf::Failure failure = spf::run(spf::Task::positions, &b, 1, source, 1).failure;
  if (failure.status == spf::Status::dense_nonzeros) return;  // checked where the count is used, and only there
  must(decoded == !failure, "only one of decode and positions reads it");
  if (!decoded) return;
  Elements rebuilt(b);
  for (uint64_t i = 0; i < b.nonzeros; ++i) {
    const uint64_t at = place_of(b, static_cast<uint64_t>(positions[i])) - rebuilt.skipped;
    must(at < rebuilt.bytes.size() / b.itemsize, "a position outside of the block");
    std::memcpy(rebuilt.bytes.data() + at * b.itemsize, values.data() + i * b.itemsize, b.itemsize);
  }
  must(rebuilt.bytes == elements.bytes, "decode and positions disagree");
}

// The block beside others like it, as most are decoded: two at once.
void check_twos(const spf::Block& b, const spf::Source& source, bool decoded, const Elements& alone) {
  constexpr size_t kMany = 8;
  std::vector<Elements> elements(kMany, Elements(b));
  std::vector<spf::Block> blocks(kMany, b);
  for (size_t i = 0; i < kMany; ++i) blocks[i].data = elements[i].address(b);
  const spf::JobFailure failed = spf::run(spf::Task::decode, blocks.data(), kMany, source, 1);
  must(decoded == !failed.failure, "only one block or one of several is read");
  must(decoded || failed.job == 0, "it is not the first block that fails");
  for (const Elements& each : elements) must(!decoded || each.bytes == alone.bytes, "one block and one of several disagree");
}

void try_block(const Case& one, const uint8_t* data, size_t size) {
  spf::Block b = one.block;
  b.nonzeros += static_cast<uint64_t>(static_cast<int8_t>(data[0]));
  b.entries += static_cast<uint64_t>(static_cast<int8_t>(data[1]));
  b.stored_bytes = size - 2;
  if (!may_be_declared(b)) return;
  Bytes file(data + 2, data + size);
  file.resize(b.stored_bytes + kFooter);
  b.digest = spf::xxh3_64(file.data(), b.stored_bytes);
  const spf::Source source{-1, file.data(), b.stored_bytes};
  Elements plain(b);
  const bool decoded = decodes(b, source, "scalar", plain);
  for (const spf::Simd* table : spf::simd_tables()) {
    if (table == &spf::kScalar) continue;
    Elements fast(b);
    must(decoded == decodes(b, source, table->name, fast), "only one of the scalar and the vector loops reads it");
    must(!decoded || plain.bytes == fast.bytes, "the scalar and the vector loops disagree");
  }
  check_positions(b, source, decoded, plain);
  check_twos(b, source, decoded, plain);
}

void try_table(const uint8_t* data, size_t size) {
  const Bytes table(data, data + size);
  uint16_t frequencies[256];
  int escape = -1;
  if (spf::read_table(table.data(), table.size(), frequencies, &escape)) return;
  unsigned sum = 0;
  for (const uint16_t frequency : frequencies) sum += frequency;
  must(sum == spf::kSlots, "a table does not fill its slots");
  const auto model = std::make_unique<spf::DecodeModel>();
  spf::expand_decode_model(frequencies, *model);
}

// An index: four bytes that say where it starts, then its own. What it declares is decoded from sections of zeros, while
// that is little: most blocks have another digest, but tables and codings are made ready for all.
void try_index(const uint8_t* data, size_t size) {
  if (size < 4) return;
  constexpr uint64_t kMost = 1 << 16;
  const uint64_t offset = spf::load<uint32_t>(data);
  const Bytes bytes(data + 4, data + size);
  spf::Index index;
  if (!index.read(bytes.data(), bytes.size(), offset, kMost)) return;
  const Bytes sections((offset < kMost ? offset : 0) + kFooter);
  const spf::Source source{-1, sections.data(), sections.size() - kFooter};
  for (uint32_t number = 0; number < index.tensors().size(); ++number) {
    const spf::Tensor& tensor = index.tensors()[number];
    if (tensor.elements > kMost) continue;
    auto elements = memory<uint8_t>(tensor.elements * tensor.itemsize);
    const auto address = reinterpret_cast<uint64_t>(elements.data());
    const spf::Requests requests{{number, address}};
    if (const auto tables = index.prepare(requests)) index.decode(requests, *tables, source, 1, {}, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto cases = fuzz::read_cases();
  if (size < 4) return 0;
  const auto number = spf::load<uint16_t>(data);
  if (number == 0xffff) {
    try_table(data + 4, size - 4);
  } else if (number == 0xfffe) {
    try_index(data + 2, size - 2);
  } else {
    try_block(*cases[number % cases.size()], data + 2, size - 2);
  }
  return 0;
}
