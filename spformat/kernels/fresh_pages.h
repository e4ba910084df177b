// Huge pages of memory that is not there yet. Where two threads touch one at the same time the kernel clears two
// pages and throws one away: at 16 threads it cleared more in vain than it kept.
#pragma once
#include <atomic>
#include <memory>

#include "huge_pages.h"

namespace spf {

class FreshPages {
 public:
  FreshPages() = default;
  // Whole pages; of any other memory nothing is said. Throws std::bad_alloc.
  explicit FreshPages(const Memory& pages);

  // Returns when the pages that these bytes lie on are there, each touched by one thread, which changes nothing that lies on
  // it. Who waits for another touches the next one meanwhile.
  void touch(const uint8_t* from, size_t bytes);

 private:
  enum State : uint8_t { kUntouched, kTouched, kThere };

  bool try_to_touch(size_t page);
  bool touch_another();

  uint8_t* data_ = nullptr;
  size_t count_ = 0;
  std::unique_ptr<std::atomic<State>[]> states_;
  std::atomic<size_t> next_{0};  // all before it are touched
};

}  // namespace spf
