// One warning for many files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "robomerge/status.h"

namespace robomerge::plan_internal {

/// Makes one warning for many files: the first is named, the others are counted.
class GatheredWarnings {
 public:
  void Add(const std::string& kind, const std::string& what, const std::string& path,
           const std::string& reason) {
    auto [entry, is_new] = position_.try_emplace(kind + what, gathered_.size());
    if (is_new) gathered_.push_back({kind, what, path, reason, 0});
    ++gathered_[entry->second].num_files;
  }

  void MoveTo(std::vector<Problem>& warnings) {
    for (const Gathered& one : gathered_) {
      std::string what = one.what;
      if (one.num_files > 1) what += StrCat(" (", one.num_files, " files; the first one is named)");
      warnings.push_back(Problem(Code::kIncompatible, std::move(what))
                             .Kind(one.kind)
                             .At(one.path)
                             .Found(one.reason));
    }
  }

 private:
  struct Gathered {
    std::string kind, what, path, reason;
    size_t num_files;
  };
  std::vector<Gathered> gathered_;
  std::map<std::string, size_t> position_;
};

}  // namespace robomerge::plan_internal
