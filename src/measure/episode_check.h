// Holds the stated statistics of one feature in one episode against its values, and measures them
// where they do not agree. docs/statistics.md has the tolerances.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/measure_rows.h"

namespace robomerge::measure {

class EpisodeCheck {
 public:
  /// Looks at what is stated, without the values. The references must outlive it.
  EpisodeCheck(const FeatureToMeasure& feature, const EpisodeToMeasure& episode);

  /// Whether what is stated cannot be kept, as far as it is known.
  bool is_wrong() const { return correction_.has_value(); }
  /// For how many elements the statistics are stated: those of the last dimension, or all; 0 if
  /// they are missing.
  uint64_t stated_width() const { return stated_width_; }

  /// Compares with the finite values of one of stated_width() elements.
  template <typename Number>
  void Check(uint32_t element, const std::vector<Number>& finite);
  /// Takes the finite values of one element of the last dimension, and sorts them. Elements come in
  /// order.
  template <typename Number>
  void Measure(std::vector<Number>& finite);
  /// REQUIRES: is_wrong(), and every element is measured.
  EpisodeCorrection Finish();

 private:
  struct Stated {
    const std::string* name = nullptr;
    double fraction = -1;  // of a quantile
    const double* values = nullptr;
  };

  void CallWrong(const std::string& stat, uint32_t element, bool is_missing, double stated,
                 double measured, double error);

  const FeatureToMeasure& feature_;
  const EpisodeToMeasure& episode_;
  uint64_t stated_width_ = 0;
  std::vector<Stated> stated_;  // all but count
  std::optional<EpisodeCorrection> correction_;
  FeatureStatistics measured_;
};

}  // namespace robomerge::measure
