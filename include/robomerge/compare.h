// Compares datasets: in which ways they differ, what a merge settles by itself, and the flags that
// settle the rest. docs/compare.md lists all kinds of differences.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "robomerge/fields.h"
#include "robomerge/status.h"

namespace robomerge {

struct CompareOptions {
  /// Worker threads; 0: one per core that this process may use. Any number gives the same report.
  int num_workers = 0;
  /// Where the flags are to be written as a recipe; empty: nowhere. Only an older recipe that
  /// nobody has changed is replaced.
  std::string recipe_out;

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_workers", self.num_workers);
    visit("recipe_out", self.recipe_out);
  }
  bool operator==(const CompareOptions&) const = default;
};

struct CompareReport {
  /// What settles a difference: flags; nothing; the merge itself. kHint: a merge takes it as it is,
  /// but it may not be meant.
  enum class Settlement { kFlag, kNothing, kMerge, kHint };
  friend constexpr auto NamesOf(Settlement) {
    return std::to_array<std::string_view>({"flag", "nothing", "merge", "hint"});
  }

  /// One rule of a recipe, and the flag that is the same.
  struct Remedy {
    std::string key;    ///< of a recipe: "rename", "keep_common", ...
    std::string name;   ///< the feature, camera or task; empty if the rule has none
    std::string value;  ///< what it gets; empty if the rule has none
    std::string flag;   ///< words for a shell: "--rename cam_wrist=wrist"

    static void VisitFields(auto& self, auto&& visit) {
      visit("key", self.key);
      visit("name", self.name);
      visit("value", self.value);
      visit("flag", self.flag);
    }
    bool operator==(const Remedy&) const = default;
  };

  /// What some of the sources have.
  struct Form {
    std::string what;
    uint64_t num_sources = 0;
    /// All of them; of the usual form only the first.
    std::vector<std::string> sources;

    static void VisitFields(auto& self, auto&& visit) {
      visit("what", self.what);
      visit("num_sources", self.num_sources);
      visit("sources", self.sources);
    }
    bool operator==(const Form&) const = default;
  };

  struct Difference {
    std::string kind;                   ///< stable: "D-fps", "D-missing", ...
    std::vector<std::string> features;  ///< that it concerns; empty: the dataset as a whole
    std::string what;                   ///< one clause
    Settlement settlement = Settlement::kFlag;
    std::vector<Form> forms;                ///< the usual one first
    std::vector<Remedy> remedies;           ///< that together settle it
    std::vector<std::string> alternatives;  ///< flags, each line instead of the remedies
    std::string why;  ///< why nothing settles it, what a remedy does, how a hint was judged

    static void VisitFields(auto& self, auto&& visit) {
      visit("kind", self.kind);
      visit("features", self.features);
      visit("what", self.what);
      visit("settlement", self.settlement);
      visit("forms", self.forms);
      visit("remedies", self.remedies);
      visit("alternatives", self.alternatives);
      visit("why", self.why);
    }
    bool operator==(const Difference&) const = default;
  };

  uint64_t num_sources = 0;
  uint64_t num_compared = 0;            ///< those that could be read
  std::vector<Difference> differences;  ///< in the order of Settlement
  std::vector<std::string> flags;       ///< of all remedies, each once; fit for one command
  std::vector<Problem> problems;        ///< of each source that could not be read, the first

  /// Whether a merge takes all sources as they are.
  bool ok() const {
    return problems.empty() &&
           std::none_of(differences.begin(), differences.end(), [](const Difference& one) {
             return one.settlement == Settlement::kFlag || one.settlement == Settlement::kNothing;
           });
  }

  static void VisitFields(auto& self, auto&& visit) {
    visit("num_sources", self.num_sources);
    visit("num_compared", self.num_compared);
    visit("differences", self.differences);
    visit("flags", self.flags);
    visit("problems", self.problems);
  }
  bool operator==(const CompareReport&) const = default;
};

/// Compares datasets by their metadata. Sources that cannot be read are in the report. Fails only
/// if there is no source, for a recipe that cannot be written, and on `stop` (kCancelled).
Result<CompareReport> Compare(const std::vector<std::string>& sources,
                              const CompareOptions& options = {},
                              const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
