#include "fresh_pages.h"

#include <algorithm>
#include <thread>

namespace spf {

FreshPages::FreshPages(const Memory& pages) : data_(pages.data), count_(pages.size / kHugePage) {
  if (count_) states_.reset(new std::atomic<State>[count_]());
}

void FreshPages::touch(const uint8_t* from, size_t bytes) {
  if (bytes == 0 || from < data_ || from >= data_ + count_ * kHugePage) return;
  const auto offset = static_cast<size_t>(from - data_);
  const size_t first = offset / kHugePage, last = std::min((offset + bytes - 1) / kHugePage + 1, count_);
  for (size_t page = first; page < last; ++page) try_to_touch(page);
  for (size_t page = first; page < last; ++page) {
    while (states_[page].load(std::memory_order_acquire) != kThere) {
      if (!touch_another()) std::this_thread::yield();
    }
  }
}

bool FreshPages::try_to_touch(size_t page) {
  State untouched = kUntouched;
  if (states_[page].load(std::memory_order_relaxed) != kUntouched) return false;
  if (!states_[page].compare_exchange_strong(untouched, kTouched, std::memory_order_relaxed)) return false;
  // What lies there stays: it may have been written without a touch. Volatile, or else a compiler may leave it out.
  __atomic_fetch_or(static_cast<volatile uint8_t*>(data_ + page * kHugePage), uint8_t{0}, __ATOMIC_RELAXED);
  states_[page].store(kThere, std::memory_order_release);
  return true;
}

bool FreshPages::touch_another() {
  for (size_t page = next_.load(std::memory_order_relaxed); page < count_; ++page) {
    if (!try_to_touch(page)) continue;
    next_.store(page + 1, std::memory_order_relaxed);
    return true;
  }
  next_.store(count_, std::memory_order_relaxed);
  return false;
}

}  // namespace spf
