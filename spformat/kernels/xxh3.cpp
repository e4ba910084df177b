#include "xxh3.h"

#include "block.h"
#include "simd.h"

namespace spf {

alignas(64) const uint8_t kXxh3Secret[192] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
    0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
    0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
    0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
    0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
    0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
    0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
    0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
    0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

namespace {

constexpr uint64_t kPrime32_1 = 0x9E3779B1u, kPrime32_2 = 0x85EBCA77u, kPrime32_3 = 0xC2B2AE3Du;
constexpr uint64_t kPrime64_1 = 0x9E3779B185EBCA87u, kPrime64_2 = 0xC2B2AE3D27D4EB4Fu;
constexpr uint64_t kPrime64_3 = 0x165667B19E3779F9u, kPrime64_4 = 0x85EBCA77C2B2AE63u;
constexpr uint64_t kPrime64_5 = 0x27D4EB2F165667C5u;
constexpr size_t kStripe = 64, kBlock = 1024;

const uint8_t* const secret = kXxh3Secret;

inline uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
inline uint64_t u64(const uint8_t* p) { return load<uint64_t>(p); }
inline uint64_t u32(const uint8_t* p) { return load<uint32_t>(p); }

inline uint64_t fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t avalanche(uint64_t h) {
  h = (h ^ (h >> 37)) * 0x165667919E3779F9u;
  return h ^ (h >> 32);
}

inline uint64_t avalanche64(uint64_t h) {  // XXH64's finish, used for the shortest inputs
  h = (h ^ (h >> 33)) * kPrime64_2;
  h = (h ^ (h >> 29)) * kPrime64_3;
  return h ^ (h >> 32);
}

inline uint64_t mix(const uint8_t* data, size_t key) {
  return fold(u64(data) ^ u64(secret + key), u64(data + 8) ^ u64(secret + key + 8));
}

uint64_t hash_0_to_16(const uint8_t* p, size_t n) {
  if (n > 8) {
    const uint64_t low = u64(p) ^ u64(secret + 24) ^ u64(secret + 32);
    const uint64_t high = u64(p + n - 8) ^ u64(secret + 40) ^ u64(secret + 48);
    return avalanche(n + __builtin_bswap64(low) + high + fold(low, high));
  }
  if (n >= 4) {
    uint64_t h = (u32(p + n - 4) + (u32(p) << 32)) ^ u64(secret + 8) ^ u64(secret + 16);
    h = (h ^ rotate(h, 49) ^ rotate(h, 24)) * 0x9FB21C651E98DF25u;
    h = (h ^ ((h >> 35) + n)) * 0x9FB21C651E98DF25u;
    return h ^ (h >> 28);
  }
  if (n == 0) return avalanche64(u64(secret + 56) ^ u64(secret + 64));
  const uint64_t word = (uint64_t{p[0]} << 16) | (uint64_t{p[n >> 1]} << 24) | p[n - 1] | (n << 8);
  return avalanche64(word ^ u32(secret) ^ u32(secret + 4));
}

uint64_t hash_17_to_128(const uint8_t* p, size_t n) {
  uint64_t acc = n * kPrime64_1;
  for (size_t i = (n - 1) / 32 + 1; i-- > 0;) {
    acc += mix(p + 16 * i, 32 * i) + mix(p + n - 16 * (i + 1), 32 * i + 16);
  }
  return avalanche(acc);
}

uint64_t hash_129_to_240(const uint8_t* p, size_t n) {
  uint64_t acc = n * kPrime64_1;
  for (size_t i = 0; i < 8; ++i) acc += mix(p + 16 * i, 16 * i);
  acc = avalanche(acc);
  for (size_t i = 8; i < n / 16; ++i) acc += mix(p + 16 * i, 16 * (i - 8) + 3);
  return avalanche(acc + mix(p + n - 16, 119));
}

inline void stripe(uint64_t acc[8], const uint8_t* data, const uint8_t* key) {
  for (int i = 0; i < 8; ++i) {
    const uint64_t value = u64(data + 8 * i), keyed = value ^ u64(key + 8 * i);
    acc[i ^ 1] += value;
    acc[i] += (keyed & 0xFFFFFFFFu) * (keyed >> 32);
  }
}

uint64_t hash_long(const uint8_t* p, size_t n) {
  uint64_t acc[8] = {kPrime32_3, kPrime64_1, kPrime64_2, kPrime64_3, kPrime64_4, kPrime32_2, kPrime64_5, kPrime32_1};
  const size_t blocks = (n - 1) / kBlock;
  simd().xxh3_blocks(acc, p, blocks);
  const uint8_t* rest = p + blocks * kBlock;
  const size_t stripes = (n - 1 - blocks * kBlock) / kStripe;
  for (size_t i = 0; i < stripes; ++i) stripe(acc, rest + kStripe * i, secret + 8 * i);
  stripe(acc, p + n - kStripe, secret + 121);
  uint64_t h = n * kPrime64_1;
  for (int i = 0; i < 4; ++i) {
    h += fold(acc[2 * i] ^ u64(secret + 11 + 16 * i), acc[2 * i + 1] ^ u64(secret + 19 + 16 * i));
  }
  return avalanche(h);
}

}  // namespace

void xxh3_blocks_scalar(uint64_t acc[8], const uint8_t* data, size_t blocks) {
  for (size_t b = 0; b < blocks; ++b, data += kBlock) {
    for (size_t i = 0; i < kBlock / kStripe; ++i) stripe(acc, data + kStripe * i, secret + 8 * i);
    for (int i = 0; i < 8; ++i) acc[i] = (acc[i] ^ (acc[i] >> 47) ^ u64(secret + 128 + 8 * i)) * kPrime32_1;
  }
}

uint64_t xxh3_64(const void* data, size_t bytes) {
  const auto* p = static_cast<const uint8_t*>(data);
  if (bytes <= 16) return hash_0_to_16(p, bytes);
  if (bytes <= 128) return hash_17_to_128(p, bytes);
  if (bytes <= 240) return hash_129_to_240(p, bytes);
  return hash_long(p, bytes);
}

}  // namespace spf
