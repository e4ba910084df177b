#include <immintrin.h>

#include "rans_lanes_avx2.h"
#include "rans_loops.h"

namespace spf {
namespace {

// Sixteen loads rather than a gather, as in rans_lanes_avx2.h: each goes to all lanes from its own on, and the next ones
// overwrite those that are theirs. Four chains of four are put together at the end.
inline __m512i look_up(const uint32_t* slots, __m512i index) {
  alignas(64) uint64_t pairs[8];
  _mm512_store_si512(pairs, index);
  __m512i four[4];
  for (unsigned i = 0; i < 4; ++i) {
    const uint64_t low = pairs[2 * i], high = pairs[2 * i + 1];
    const auto from = [&](unsigned lane) { return static_cast<__mmask16>(0xFFFFu << (4 * i + lane)); };
    const __m512i first = _mm512_set1_epi32(load<int>(slots + static_cast<uint32_t>(low)));
    const __m512i second = _mm512_mask_set1_epi32(first, from(1), load<int>(slots + (low >> 32)));
    const __m512i third = _mm512_mask_set1_epi32(second, from(2), load<int>(slots + static_cast<uint32_t>(high)));
    four[i] = _mm512_mask_set1_epi32(third, from(3), load<int>(slots + (high >> 32)));
  }
  const __m512i lower = _mm512_mask_blend_epi32(0x00F0, four[0], four[1]);
  return _mm512_mask_blend_epi32(0xFF00, lower, _mm512_mask_blend_epi32(0xF000, four[2], four[3]));
}

struct Sixteen {
  static constexpr unsigned kCount = 16;
  __m512i state;

  void read(const uint32_t* from) { state = _mm512_loadu_si512(from); }
  void write(uint32_t* to) const { _mm512_storeu_si512(to, state); }

  [[gnu::always_inline]] inline void step(const DecodeModel* models, const Contexts& contexts, uint64_t at,
                                          const uint8_t*& words, uint8_t* symbols) {
    const __m512i slot_mask = _mm512_set1_epi32(kSlots - 1);
    const __m512i index = _mm512_add_epi32(table_base(contexts, at), _mm512_and_si512(state, slot_mask));
    const __m512i slot = look_up(models->slots, index);
    const __m512i frequency = _mm512_add_epi32(_mm512_srli_epi32(slot, 20), _mm512_set1_epi32(1));
    const __m512i offset = _mm512_and_si512(_mm512_srli_epi32(slot, 8), slot_mask);
    const __m512i next = _mm512_add_epi32(_mm512_mullo_epi32(frequency, _mm512_srli_epi32(state, kSlotBits)), offset);
    const __mmask16 low = _mm512_cmplt_epu32_mask(next, _mm512_set1_epi32(kLowest));
    const __m512i fresh = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)));
    state = _mm512_mask_or_epi32(next, low, _mm512_slli_epi32(next, 16), _mm512_maskz_expand_epi32(low, fresh));
    words += 2 * static_cast<unsigned>(_mm_popcnt_u32(low));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(symbols), _mm512_cvtepi32_epi8(slot));
  }

 private:
  static __m512i table_base(const Contexts& contexts, uint64_t at) {
    if (!contexts.tables) return _mm512_set1_epi32(contexts.single << kSlotBits);
    const __m128i tables = _mm_loadu_si128(reinterpret_cast<const __m128i*>(contexts.tables + at));
    return _mm512_slli_epi32(_mm512_cvtepu8_epi32(tables), kSlotBits);
  }
};

struct ThirtyTwo {
  static constexpr unsigned kCount = 32;
  Sixteen half[2];

  void read(const uint32_t* from) {
    half[0].read(from);
    half[1].read(from + 16);
  }
  void write(uint32_t* to) const {
    half[0].write(to);
    half[1].write(to + 16);
  }

  [[gnu::always_inline]] inline void step(const DecodeModel* models, const Contexts& contexts, uint64_t at,
                                          const uint8_t*& words, uint8_t* symbols) {
    half[0].step(models, contexts, at, words, symbols);
    half[1].step(models, contexts, at + 16, words, symbols + 16);
  }
};

using Steps = VectorSteps<Vectors<1>, Sixteen, ThirtyTwo>;

}  // namespace

void rans_steps_avx512(const DecodeModel* models, RansRun& run) { Steps::steps(models, run); }

void rans_pair_avx512(const DecodeModel* models, RansRun& first, RansRun& second) {
  Steps::pair(models, first, second);
}

}  // namespace spf
