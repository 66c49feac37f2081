#include "model/carried_files.h"

#include <algorithm>
#include <map>

#include "model/step.h"

namespace robomerge {
namespace {

constexpr const char* kNotEverywhere = "not in all sources";
constexpr const char* kNotTheSame = "not the same in all sources";

std::string Normal(const std::string& text) {
  const Result<Json> parsed = json::Parse(text, std::string(ModalityStep::kPath));
  return parsed.ok() ? json::DumpLine(json::SortedByKey(*parsed)) : text;
}

// Why modality.json is left out; empty if the first source's says what all say.
std::string ReasonOfModality(const std::vector<const Dataset*>& sources) {
  const auto has_none = [](const Dataset* source) { return !source->modality; };
  if (std::any_of(sources.begin(), sources.end(), has_none)) return kNotEverywhere;
  const std::string& first = sources.front()->modality->text;
  std::string normal;
  for (const Dataset* source : sources) {
    if (source->modality->text == first) continue;
    if (normal.empty()) normal = Normal(first);
    if (Normal(source->modality->text) != normal) return kNotTheSame;
  }
  return "";
}

}  // namespace

bool SaySame(const std::string& left, const std::string& right) {
  return left == right || Normal(left) == Normal(right);
}

CarriedFiles FilesToCarry(const std::vector<const Dataset*>& sources, bool is_whole) {
  struct Seen {
    size_t num_sources = 0;
    const OtherFile* first = nullptr;
    std::string left_out;
  };
  CarriedFiles carried;
  std::map<std::string, Seen> files;
  for (const Dataset* source : sources) {
    for (const OtherFile& file : source->other_files) {
      Seen& seen = files[file.path];
      if (seen.num_sources++ == 0) seen.first = &file;
      if (!seen.left_out.empty()) continue;
      seen.left_out = file.left_out;
      if (file.left_out.empty() && (file.size_bytes != seen.first->size_bytes ||
                                    file.fingerprint != seen.first->fingerprint))
        seen.left_out = kNotTheSame;
    }
  }
  const auto has_modality = [](const Dataset* source) { return source->modality.has_value(); };
  const std::string modality_path(ModalityStep::kPath);
  if (std::any_of(sources.begin(), sources.end(), has_modality)) {
    std::string reason = ReasonOfModality(sources);
    const auto known = files.find(modality_path);
    // That of a source where it cannot go along tells more.
    if (known != files.end() && !known->second.left_out.empty()) reason = known->second.left_out;
    files.erase(modality_path);
    if (reason.empty())
      carried.modality = sources.front()->modality;
    else
      files[modality_path].left_out = reason;
  }
  for (auto& [path, seen] : files) {
    if (seen.left_out.empty() && seen.num_sources < sources.size()) seen.left_out = kNotEverywhere;
    // GR00T's relative_stats.json and others like it.
    if (seen.left_out.empty() && !is_whole && path.find("stats") != std::string::npos)
      seen.left_out = "statistics of other rows";
    if (seen.left_out.empty())
      carried.files.push_back(*seen.first);
    else if (path != ".gitattributes")
      carried.left_out.emplace_back(path, seen.left_out);
  }
  return carried;
}

}  // namespace robomerge
