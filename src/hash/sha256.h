// SHA-256 (FIPS 180-4), as 64 hex digits in lower case.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge {

inline constexpr size_t kSha256Digits = 64;

std::string Sha256Of(std::span<const std::byte> bytes);

/// Of all bytes of a file. kNotFound, kCorrupt (not a regular file, or it ends too early) or kIo.
Result<std::string> Sha256OfFile(const io::FileSystem& file_system, const std::string& path);

/// Whether `text` can be one.
bool IsSha256(std::string_view text);

}  // namespace robomerge
