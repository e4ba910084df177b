#include "huge_pages.h"

#include <sys/mman.h>

#include <utility>

namespace spf {

HugePages::HugePages([[maybe_unused]] size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const size_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  void* const at = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return;
  mapped_ = at;
  size_ = size;
  data_ = static_cast<uint8_t*>(at) + (kHugePage - reinterpret_cast<uintptr_t>(at) % kHugePage) % kHugePage;
#endif
}

HugePages::~HugePages() {
  if (mapped_) munmap(mapped_, size_ + kHugePage);
}

HugePages& HugePages::operator=(HugePages&& other) noexcept {
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void HugePages::advise() const {
#if defined(MADV_HUGEPAGE)
  if (mapped_) madvise(data_, size_, MADV_HUGEPAGE);  // which may be refused: then they are small
#endif
}

}  // namespace spf
