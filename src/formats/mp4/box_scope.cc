#include "formats/mp4/box_scope.h"

#include <limits>

#include "base/check.h"

namespace robomerge::mp4 {

void BoxWriter::Number(uint64_t number, int num_bytes) {
  for (int shift = 8 * (num_bytes - 1); shift >= 0; shift -= 8)
    U8(static_cast<uint8_t>(number >> shift));
}

BoxScope::BoxScope(BoxWriter& out, FourCc type, std::optional<FullBox> full_box)
    : out_(out), start_(out.size_bytes()) {
  out_.U32(0);
  out_.U32(type);
  if (full_box) {
    out_.U8(full_box->version);
    out_.U24(full_box->flags);
  }
}

BoxScope::~BoxScope() {
  const size_t size_bytes = out_.size_bytes() - start_;
  ROBOMERGE_CHECK(size_bytes <= std::numeric_limits<uint32_t>::max());
  for (size_t i = 0; i < 4; ++i)
    out_.bytes_[start_ + i] = static_cast<std::byte>(size_bytes >> (24 - 8 * i));
}

}  // namespace robomerge::mp4
