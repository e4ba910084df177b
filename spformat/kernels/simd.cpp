#include "simd.h"

#include <atomic>
#include <cstdlib>

#include "bitmask_loops.h"
#include "codebook_loops.h"
#include "join_loops.h"
#include "scale_loops.h"
#include "scatter_loops.h"

namespace spf {
namespace {

// Unpacks 8 codes of `bits` bits that start at a byte: 8 codes fill exactly `bits` bytes.
struct ScalarUnpack {
  unsigned bits;
  uint64_t mask;
  explicit ScalarUnpack(unsigned width) : bits(width), mask((uint64_t{1} << width) - 1) {}
  void operator()(const uint8_t* from, uint16_t* to) const {
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned bit = i * bits;
      to[i] = static_cast<uint16_t>((load<uint32_t>(from + bit / 8) >> (bit % 8)) & mask);
    }
  }
};

template <class Item>
void expand_scalar(const uint8_t* mask, const uint8_t* values, uint64_t elements, void* out) {
  expand_tail<Item>(mask, values, 0, elements, static_cast<Item*>(out));
}

template <class Item>
void nonzero_mask_scalar(const void* in, uint64_t elements, uint64_t* mask) {
  nonzero_mask_tail<Item>(in, 0, elements, mask);
}

template <class Item>
void join_plain(const Split& split, const uint8_t* keys, const uint8_t* fields, uint64_t count, uint8_t* values) {
  join_range<Item>(split, keys, fields, 0, count, values);
}

#if defined(SPF_X86)
bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_vbmi2() {
  return has_avx512() && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
}

const Simd* avx512() {
  static const Simd table = with_avx512(kAvx2);
  return &table;
}

const Simd* vbmi2() {
  static const Simd table = with_vbmi2(*avx512());
  return &table;
}
#endif

// SPFORMAT_SIMD names the loops to use; else, and where the processor lacks those, it is the best it has.
const Simd* at_start() {
  const char* const asked = std::getenv("SPFORMAT_SIMD");
  const SimdTables there = simd_tables();
  for (const Simd* table : there) {
    if (asked && std::string_view(asked) == table->name) return table;
  }
  return there.tables[there.count - 1];
}

std::atomic<const Simd*>& current() {
  static std::atomic<const Simd*> table{at_start()};
  return table;
}

}  // namespace

const Simd kScalar = {
    "scalar",
    xxh3_blocks_scalar,
    {scatter_filler<uint8_t, ScalarUnpack>, scatter_filler<uint16_t, ScalarUnpack>,
     scatter_filler<uint32_t, ScalarUnpack>, scatter_filler<uint64_t, ScalarUnpack>,
     scatter_filler<Wide, ScalarUnpack>},
    {scatter_escape<uint8_t, ScalarUnpack>, scatter_escape<uint16_t, ScalarUnpack>,
     scatter_escape<uint32_t, ScalarUnpack>, scatter_escape<uint64_t, ScalarUnpack>,
     scatter_escape<Wide, ScalarUnpack>},
    {expand_scalar<uint8_t>, expand_scalar<uint16_t>, expand_scalar<uint32_t>, expand_scalar<uint64_t>,
     expand_scalar<Wide>},
    {nonzero_mask_scalar<uint8_t>, nonzero_mask_scalar<uint16_t>, nonzero_mask_scalar<uint32_t>,
     nonzero_mask_scalar<uint64_t>, nonzero_mask_scalar<Wide>},
    rans_steps_scalar,
    rans_pair_scalar,
    {join_plain<uint8_t>, join_plain<uint16_t>, join_plain<uint32_t>, join_plain<uint64_t>},
    unpack_codes_plain,
    {look_up_plain<uint8_t>, look_up_plain<uint16_t>, look_up_plain<uint32_t>, look_up_plain<uint64_t>},
    strip_to_rows_scalar,
    rows_to_strip_scalar,
    table_of_columns_scalar,
    add_bits_scalar,
    count_bits,
    scale_runs<PlainRun>,
    expand_runs<PlainRun>,
};

const Simd& simd() { return *current().load(std::memory_order_relaxed); }

SimdTables simd_tables() {
  SimdTables there{{&kScalar}, 1};
#if defined(SPF_X86)
  if (has_avx2()) there.tables[there.count++] = &kAvx2;
  if (has_avx512()) there.tables[there.count++] = avx512();
  if (has_vbmi2()) there.tables[there.count++] = vbmi2();
#endif
  return there;
}

bool select_simd(std::string_view name) {
  for (const Simd* table : simd_tables()) {
    if (name != table->name) continue;
    current().store(table);
    return true;
  }
  return false;
}

}  // namespace spf
