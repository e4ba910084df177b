// Finding a symbol among many.
#pragma once
#include <cstdint>
#include <cstring>

namespace spf {

// Calls f(i) for each i with symbols[i] == symbol, ascending, until it returns false.
template <class F>
void for_each_symbol(const uint8_t* symbols, uint64_t count, uint8_t symbol, F&& f) {
  const uint8_t* at = symbols;
  const uint8_t* const end = symbols + count;
  while (at != end && (at = static_cast<const uint8_t*>(std::memchr(at, symbol, static_cast<size_t>(end - at))))) {
    if (!f(static_cast<uint64_t>(at - symbols))) return;
    ++at;
  }
}

}  // namespace spf
