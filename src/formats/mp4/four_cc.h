// Four-character codes: the names of boxes, codecs and brands (ISO/IEC 14496-12, 4.2).
#pragma once

#include <cstdint>
#include <string>

namespace robomerge::mp4 {

using FourCc = uint32_t;

/// Returns the code of four characters, e.g. Tag("moov").
constexpr FourCc Tag(const char (&text)[5]) {
  FourCc code = 0;
  for (int i = 0; i < 4; ++i) code = code << 8 | static_cast<uint8_t>(text[i]);
  return code;
}

/// Returns whether all four characters are printable ASCII (or QuickTime's 0xa9), as every
/// registered code is.
constexpr bool IsPlausibleTag(FourCc code) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint32_t character = code >> shift & 0xff;
    if ((character < 0x20 || character > 0x7e) && character != 0xa9) return false;
  }
  return true;
}

/// Returns the code as text for messages; bytes that cannot be printed become '?'.
inline std::string TagText(FourCc code) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint32_t character = code >> shift & 0xff;
    text += character >= 0x20 && character <= 0x7e ? static_cast<char>(character) : '?';
  }
  return text;
}

}  // namespace robomerge::mp4
