#include "inspect/stated_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"
#include "io/file_system.h"

namespace robomerge {
namespace {

constexpr double kOfMagnitude = 1e-6, kOfDeviation = 1e-3;
// The recorder's bins begin so far beside the least value.
constexpr double kBesideZero = 1e-9;
// Bins of LeRobot's estimate of quantiles.
constexpr double kNumBinsOfLeRobot = 5000;

struct Worst {
  uint64_t num_wrong = 0;  // statistics
  std::string stat;
  size_t element = 0;
  double stated = 0, measured = 0;
  double error = -1;  // in units of ErrorUnit()
};

double Magnitude(double least, double greatest) {
  return std::max(std::fabs(least), std::fabs(greatest));
}

// How far a statistic may be off.
double Tolerance(const std::string& stat, double least, double greatest, double deviation) {
  const double magnitude = Magnitude(least, greatest);
  if (stat == "min" || stat == "max") return kOfMagnitude * magnitude;
  const double tolerance = kOfDeviation * deviation + kOfMagnitude * magnitude + kBesideZero;
  return IsQuantile(stat) ? tolerance + (greatest / kNumBinsOfLeRobot - least / kNumBinsOfLeRobot)
                          : tolerance;
}

Worst HoldFeature(const FeatureStatistics& stated, const FeatureStatistics& measured) {
  Worst worst;
  const auto add = [&worst](const std::string& stat, size_t element, double is, double was,
                            double error) {
    ++worst.num_wrong;
    if (error <= worst.error) return;
    worst.stat = stat, worst.element = element, worst.stated = is, worst.measured = was;
    worst.error = error;
  };
  const auto value = [&measured](const char* stat, size_t element) {
    return measured.Find(stat)->values[element];
  };
  for (const Statistic& one : stated.statistics) {
    const Statistic* truth = measured.Find(one.name);
    if (truth == nullptr) continue;
    if (one.name == "count") {
      // LeRobot may count the rows of a matrix instead of the frames.
      const double count = truth->values.front();
      const bool is_right = one.values.size() == 1 && count > 0 &&
                            std::fmod(one.values.front(), count) == 0 && one.values.front() > 0;
      if (!is_right)
        add("count", 0, one.values.empty() ? 0 : one.values.front(), count,
            std::numeric_limits<double>::infinity());
      continue;
    }
    // Statistics of all elements of a matrix are not held against those of its last dimension.
    if (one.values.size() != truth->values.size()) continue;
    for (size_t element = 0; element < truth->values.size(); ++element) {
      const double is = one.values[element], was = truth->values[element];
      if (std::isnan(is) && std::isnan(was)) continue;
      const double deviation = value("std", element);
      const double off = std::fabs(is - was);
      const double least = value("min", element), greatest = value("max", element);
      if (off <= Tolerance(one.name, least, greatest, deviation)) continue;
      add(one.name, element, is, was,
          std::isfinite(off) ? off / ErrorUnit(deviation, Magnitude(least, greatest))
                             : std::numeric_limits<double>::infinity());
    }
  }
  return worst;
}

std::string ErrorText(double error) {
  if (!(error < 1e6)) return "";
  char text[32];
  std::snprintf(text, sizeof(text), "%.2g", error);
  return StrCat("   off by ", text, " standard deviations");
}

}  // namespace

std::vector<Finding> HoldStated(const Dataset& dataset, const measure::DatasetMeasures& measures) {
  std::vector<Finding> findings;
  std::vector<std::pair<const FeatureStatistics*, const FeatureStatistics*>> pairs;
  for (const FeatureStatistics& measured : measures.rows.statistics) {
    const auto hold = [&](const std::vector<FeatureStatistics>& all) {
      const auto stated = std::ranges::find(all, measured.feature, &FeatureStatistics::feature);
      if (stated != all.end()) pairs.emplace_back(&*stated, &measured);
    };
    if (dataset.statistics) hold(*dataset.statistics);
    hold(dataset.unused_statistics);
  }
  for (const auto& [stated, truth] : pairs) {
    const FeatureStatistics& measured = *truth;
    const Worst worst = HoldFeature(*stated, measured);
    if (worst.num_wrong == 0) continue;
    Finding& finding = findings.emplace_back();
    finding.kind = "V-stats";
    finding.what = StrCat("stats.json is not that of the rows in ", worst.num_wrong,
                          worst.num_wrong == 1 ? " number" : " numbers");
    finding.where = StrCat(io::JoinPath(dataset.root, "meta/stats.json"), ": ", measured.feature,
                           ".", worst.stat, "[", worst.element, "]");
    finding.column = StrCat(measured.feature, "/", worst.stat);
    finding.expected = FormatDouble(worst.measured);
    finding.found = FormatDouble(worst.stated) + ErrorText(worst.error);
  }
  // What is only missing is not wrong.
  std::map<std::string, std::pair<uint64_t, const EpisodeCorrection*>> wrong;
  for (const EpisodeCorrection& one : measures.corrections) {
    if (one.is_missing) continue;
    auto& [count, worst] = wrong[one.statistics.feature];
    ++count;
    if (worst == nullptr || one.error > worst->error) worst = &one;
  }
  for (const auto& [feature, found] : wrong) {
    const auto& [count, worst] = found;
    Finding& finding = findings.emplace_back();
    finding.kind = "V-statistics";
    finding.what = StrCat("statistics of ", count, count == 1 ? " episode" : " episodes",
                          " are not those of their rows");
    finding.where = StrCat(io::JoinPath(dataset.root, "meta/episodes"), ": ", feature, ".",
                           worst->stat, "[", worst->element, "]");
    finding.episode = dataset.episodes[worst->episode].number;
    finding.column = StrCat(feature, "/", worst->stat);
    finding.expected = FormatDouble(worst->measured);
    finding.found = FormatDouble(worst->stated) + ErrorText(worst->error);
  }
  return findings;
}

}  // namespace robomerge
