// Arithmetic on numbers that come from files: overflow is an answer, not undefined behaviour.
#pragma once

#include <concepts>
#include <cstdint>
#include <numeric>
#include <optional>

namespace robomerge {

/// Returns a + b, or nothing if it does not fit.
template <std::integral T>
constexpr std::optional<T> CheckedAdd(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// Returns a * b, or nothing if it does not fit.
template <std::integral T>
constexpr std::optional<T> CheckedMultiply(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// Returns the least common multiple of two positive numbers, or nothing if it does not fit.
constexpr std::optional<uint64_t> CheckedLcm(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return std::nullopt;
  return CheckedMultiply<uint64_t>(a / std::gcd(a, b), b);
}

/// Returns `offset` rounded up to a multiple of `alignment` (> 0).
constexpr uint64_t RoundUp(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

/// Returns whether [offset, offset + length) lies within [0, size).
constexpr bool RangeFits(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

}  // namespace robomerge
