#include <immintrin.h>

#include "rans_lanes_avx2.h"
#include "rans_loops.h"

namespace spf {
namespace {

// What the loops keep in registers. A compiler that knows these numbers makes them anew at every step, the masks above all,
// with instructions for the one port that most others here wait for.
struct Constants512 {
  __mmask8 second = 0xE, third = 0xC, fourth = 0x8;  // of four lanes, those from there on
  __m512i slot_mask = _mm512_set1_epi32(kSlots - 1), one = _mm512_set1_epi32(1), lowest = _mm512_set1_epi32(kLowest);

  Constants512() {
    asm("" : "+Yk"(second), "+Yk"(third), "+Yk"(fourth));
    asm("" : "+v"(slot_mask), "+v"(one), "+v"(lowest));
  }
};

// Sixteen loads rather than a gather, as in rans_lanes_avx2.h: each goes to all lanes of its four from its own on, and the
// next ones overwrite those that are theirs. Four at a time, because sixteen masks would not fit the registers.
inline __m512i look_up(const uint32_t* slots, __m512i index, const Constants512& c) {
  const __m128i quarter[4] = {_mm512_castsi512_si128(index), _mm512_extracti32x4_epi32(index, 1),
                              _mm512_extracti32x4_epi32(index, 2), _mm512_extracti32x4_epi32(index, 3)};
  __m128i four[4];
  for (unsigned i = 0; i < 4; ++i) {
    const auto low = static_cast<uint64_t>(_mm_cvtsi128_si64(quarter[i]));
    const auto high = static_cast<uint64_t>(_mm_extract_epi64(quarter[i], 1));
    four[i] = _mm_set1_epi32(load<int>(slots + static_cast<uint32_t>(low)));
    four[i] = _mm_mask_set1_epi32(four[i], c.second, load<int>(slots + (low >> 32)));
    four[i] = _mm_mask_set1_epi32(four[i], c.third, load<int>(slots + static_cast<uint32_t>(high)));
    four[i] = _mm_mask_set1_epi32(four[i], c.fourth, load<int>(slots + (high >> 32)));
  }
  const __m256i lower = _mm256_set_m128i(four[1], four[0]), upper = _mm256_set_m128i(four[3], four[2]);
  return _mm512_inserti64x4(_mm512_castsi256_si512(lower), upper, 1);
}

struct Sixteen {
  static constexpr unsigned kCount = 16;
  using Constants = Constants512;
  __m512i state;

  void read(const uint32_t* from) { state = _mm512_loadu_si512(from); }
  void write(uint32_t* to) const { _mm512_storeu_si512(to, state); }

  [[gnu::always_inline]] inline void step(const DecodeModel* models, const Contexts& contexts, uint64_t at,
                                          const uint8_t*& words, uint8_t* symbols, const Constants& c) {
    const __m512i index = _mm512_add_epi32(table_base(contexts, at), _mm512_and_si512(state, c.slot_mask));
    const __m512i slot = look_up(models->slots, index, c);
    const __m512i frequency = _mm512_add_epi32(_mm512_srli_epi32(slot, 20), c.one);
    const __m512i offset = _mm512_and_si512(_mm512_srli_epi32(slot, 8), c.slot_mask);
    const __m512i next = _mm512_add_epi32(_mm512_mullo_epi32(frequency, _mm512_srli_epi32(state, kSlotBits)), offset);
    const __mmask16 low = _mm512_cmplt_epu32_mask(next, c.lowest);
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
  using Constants = Constants512;
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
                                          const uint8_t*& words, uint8_t* symbols, const Constants& c) {
    half[0].step(models, contexts, at, words, symbols, c);
    half[1].step(models, contexts, at + 16, words, symbols + 16, c);
  }
};

using Steps = VectorSteps<Vectors<1>, Sixteen, ThirtyTwo>;

}  // namespace

void rans_steps_avx512(const DecodeModel* models, RansRun& run) { Steps::steps(models, run); }

void rans_pair_avx512(const DecodeModel* models, RansRun& first, RansRun& second) {
  Steps::pair(models, first, second);
}

}  // namespace spf
