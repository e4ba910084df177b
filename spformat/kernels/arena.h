// One allocation for a whole load. Page faults, not arithmetic, are what decoding waits for: huge pages make 512 times fewer
// of them, and memory fresh from the kernel is zero already, so that zeros need not be written.
#pragma once
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#include "huge_pages.h"

namespace spf {

class Arena {
 public:
  static constexpr size_t kAlignment = 64;  // a cache line, and what vector loads like

  // Throws std::bad_alloc.
  explicit Arena(size_t size) : size_(size) {
    if (size > std::numeric_limits<size_t>::max() / 2) throw std::bad_alloc();
    if (size >= kWorthPages) pages_ = HugePages(size);
    if (pages_.data()) {
      pages_.advise();
      data_ = pages_.data();
      return;
    }
    heap_.reset(static_cast<uint8_t*>(std::calloc(size + kAlignment, 1)));
    if (!heap_) throw std::bad_alloc();
    data_ = heap_.get() + (kAlignment - reinterpret_cast<uintptr_t>(heap_.get()) % kAlignment) % kAlignment;
  }

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  // The huge pages that tensors alone lie on.
  Memory fresh() const { return {pages_.data(), pages_.size() - (rest().size ? kHugePage : 0)}; }
  // What is left of the last huge page, which the kernel clears with it; none where there are none.
  Memory rest() const {
    const size_t whole = (size_ + kAlignment - 1) / kAlignment * kAlignment;
    return pages_.size() > whole ? Memory{data_ + whole, pages_.size() - whole} : Memory{};
  }

 private:
  static constexpr size_t kWorthPages = 2 * kHugePage;
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };

  size_t size_;
  HugePages pages_;
  std::unique_ptr<uint8_t, Free> heap_;
  uint8_t* data_ = nullptr;
};

}  // namespace spf
