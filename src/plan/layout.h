// How a version of LeRobot's format lays a dataset out: which files it has, and what its info.json
// says. The steps of a plan are those of one version; everything else of it is common to all.
#pragma once

#include <string>
#include <vector>

#include "plan/plan_internal.h"

namespace robomerge::plan_internal {

/// What every version says of a dataset in info.json, each in its own form.
struct InfoParts {
  const Schema* first = nullptr;  ///< of the first source
  Json features;
};

class Layout {
 public:
  virtual ~Layout() = default;

  /// Problems: what of the dataset the version cannot say. Warnings: what its readers will not see.
  /// `root` is that of the source with the schema.
  virtual Status CheckSchema(const Schema& schema, const std::string& root,
                             std::vector<Problem>& warnings) const = 0;

  /// Adds the data, video and episodes steps, in this order, and enters where every episode goes.
  virtual void Pack(const MergeOptions& options, MergePlan& plan) const = 0;

  virtual Step Tasks() const = 0;

  /// info.json, all but `tools`. REQUIRES: the plan is packed.
  virtual Json Info(const InfoParts& parts, const MergeOptions& options,
                    const MergePlan& plan) const = 0;
};

const Layout& LayoutOfV30();
const Layout& LayoutOfV21();
inline const Layout& LayoutOf(CodebaseVersion version) {
  return version == CodebaseVersion::kV21 ? LayoutOfV21() : LayoutOfV30();
}

}  // namespace robomerge::plan_internal
