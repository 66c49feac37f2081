#include "verify/read_record.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "model/adaptation.h"

namespace robomerge {
namespace {

bool HoldsRules(const json::Json& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const json::Json& entry) {
    return entry.is_object() && entry.contains("adaptation");
  });
}

}  // namespace

Result<std::vector<SourceSpec>> SourcesByRecord(const io::FileSystem& file_system,
                                                const std::string& destination,
                                                const std::vector<std::string>& locations) {
  std::vector<SourceSpec> sources(locations.begin(), locations.end());
  if (sources.empty()) return sources;
  const std::string path = io::JoinPath(destination, "meta/robomerge.json");
  const Result<std::string> text = io::ReadWholeFile(file_system, path);
  if (!text.ok()) {
    if (text.status().code() == Code::kNotFound) return sources;
    return text.status().OfKind("E-io");
  }
  // A damaged record is found by other checks; a dataset needs none.
  const Result<json::Json> record = json::Parse(*text, path);
  if (!record.ok() || !record->is_object() || !record->contains("sources")) return sources;
  const json::Json& entries = record->at("sources");
  if (!entries.is_array()) return sources;
  if (entries.size() != sources.size() && HoldsRules(entries)) {
    return Problem(Code::kInvalidArgument,
                   "the dataset was made by rules, of another number of sources")
        .Kind("E-sources")
        .At(destination)
        .Expected(StrCat(entries.size(), " sources, as meta/robomerge.json says"))
        .Found(std::to_string(sources.size()))
        .Hint("name the sources of the merge, all of them and in its order");
  }
  if (entries.size() != sources.size()) return sources;
  for (size_t source = 0; source < sources.size(); ++source) {
    const json::Json& entry = entries[source];
    if (!entry.is_object()) continue;
    if (entry.contains("name") && entry.at("name").is_string())
      sources[source].name = entry.at("name").get<std::string>();
    if (!entry.contains("adaptation")) continue;
    std::optional<Adaptation> rules = AdaptationFromJson(entry.at("adaptation"));
    if (!rules) {
      return Problem(Code::kUnsupported, "the dataset was made by rules that are not known here")
          .Kind("E-version")
          .At(StrCat(path, ": sources[", source, "].adaptation"))
          .Found(json::DumpLine(entry.at("adaptation")))
          .Hint("verify it with the robomerge that made it, or a later one");
    }
    sources[source].adaptation = std::move(*rules);
  }
  return sources;
}

}  // namespace robomerge
