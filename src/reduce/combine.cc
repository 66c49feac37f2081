#include "reduce/combine.h"

#include <algorithm>

namespace robomerge {

Partial Combine(Partial left, const Partial& right) {
  const uint64_t num_left = left.sources.size();
  for (const SchemaClass& schema : right.schemas) {
    const auto known =
        std::find_if(left.schemas.begin(), left.schemas.end(),
                     [&](const SchemaClass& one) { return one.fingerprint == schema.fingerprint; });
    if (known != left.schemas.end()) {
      known->num_sources += schema.num_sources;
      continue;
    }
    left.schemas.push_back(schema);
    left.schemas.back().first_source += num_left;
  }
  for (const std::string& task : right.tasks.tasks) left.tasks.Add(task);
  for (const std::string& subtask : right.subtasks.tasks) left.subtasks.Add(subtask);
  left.sources =
      Rope<std::shared_ptr<const DescribedSource>>::Concatenate(left.sources, right.sources);
  left.warnings = Rope<Problem>::Concatenate(left.warnings, right.warnings);
  for (const Skipped& one : right.skipped) {
    left.skipped.push_back(one);
    left.skipped.back().position += left.num_given;
  }
  left.num_given += right.num_given;
  left.skip_broken = std::max(left.skip_broken, right.skip_broken);
  left.num_episodes += right.num_episodes;
  left.num_frames += right.num_frames;
  left.payload_bytes += right.payload_bytes;
  return left;
}

}  // namespace robomerge
