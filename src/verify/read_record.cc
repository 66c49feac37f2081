#include "verify/read_record.h"

#include <algorithm>
#include <set>

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

// Takes out the sources that the merge has left out as a whole, if they are among those that are
// given: whoever verifies names what was given to the merge, or what it kept.
void RemoveSkipped(const json::Json& record, size_t num_kept, std::vector<SourceSpec>& sources) {
  if (!record.contains("skipped") || !record.at("skipped").is_array()) return;
  std::set<uint64_t> positions;
  for (const json::Json& one : record.at("skipped")) {
    const bool is_whole = one.is_object() && !one.contains("episodes");
    if (is_whole && one.contains("position") && one.at("position").is_number_integer() &&
        one.at("position") >= 0)
      positions.insert(one.at("position").get<uint64_t>());
  }
  if (positions.empty() || sources.size() != num_kept + positions.size()) return;
  uint64_t position = 0;
  std::erase_if(sources, [&](const SourceSpec&) { return positions.contains(position++); });
}

// 0 if there is no such number.
uint64_t CountIn(const json::Json& entry, const char* key) {
  const json::Json number = entry.value(key, json::Json());
  return number.is_number_integer() && number >= 0 ? number.get<uint64_t>() : 0;
}

std::string RecordPath(const std::string& root) {
  return io::JoinPath(root, "meta/robomerge.json");
}

}  // namespace

// A dataset needs none, so for most a damaged one is none.
Result<json::Json> ReadRecord(const io::FileSystem& file_system, const std::string& root,
                              Status* understood) {
  const Result<std::string> text = io::ReadWholeFile(file_system, RecordPath(root));
  if (!text.ok() && text.status().code() != Code::kNotFound) return text.status().OfKind("E-io");
  if (!text.ok()) return json::Json::object();
  Result<json::Json> record = json::Parse(*text, RecordPath(root));
  if (record.ok() && record->is_object()) return record;
  if (understood != nullptr) {
    *understood = Problem(Code::kCorrupt, "the record of the dataset is not understood")
                      .Kind("E-record")
                      .At(RecordPath(root))
                      .Expected("a JSON object")
                      .Found(record.ok() ? "other JSON" : record.status().problems().front().what);
  }
  return json::Json::object();
}

namespace {

// For those who act on what it says.
Result<json::Json> ReadKnownRecord(const io::FileSystem& file_system, const std::string& root) {
  constexpr int64_t kKnownMajor = 1;
  ROBOMERGE_ASSIGN_OR_RETURN(json::Json record, ReadRecord(file_system, root));
  const json::Json version = record.value("version", json::Json());
  const json::Json major = version.is_array() && !version.empty() ? version[0] : json::Json();
  if (!major.is_number_integer() || major <= kKnownMajor) return record;
  return Problem(Code::kUnsupported, "the record is of a later robomerge")
      .Kind("E-version")
      .At(RecordPath(root))
      .Expected(StrCat("version ", kKnownMajor))
      .Found(StrCat("version ", json::DumpLine(major)))
      .Hint(
          "use the robomerge that made the dataset, or a later one; without meta/robomerge.json "
          "the dataset is as good, but tells less");
}

}  // namespace

Result<std::optional<StatsMode>> RecordedStatsMode(const io::FileSystem& file_system,
                                                   const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadRecord(file_system, root));
  const json::Json options = record.value("options", json::Json());
  if (!options.is_object()) return std::optional<StatsMode>();
  // Only the other mode is written.
  const bool is_exact = options.value("stats", json::Json()) == json::Json("exact");
  return std::optional(is_exact ? StatsMode::kExact : StatsMode::kFold);
}

Result<std::vector<SourceSpec>> SourcesByRecord(const io::FileSystem& file_system,
                                                const std::string& destination,
                                                const std::vector<std::string>& locations) {
  std::vector<SourceSpec> sources(locations.begin(), locations.end());
  if (sources.empty()) return sources;
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadKnownRecord(file_system, destination));
  if (!record.contains("sources")) return sources;
  const json::Json& entries = record.at("sources");
  if (!entries.is_array()) return sources;
  RemoveSkipped(record, entries.size(), sources);
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
          .At(StrCat(RecordPath(destination), ": sources[", source, "].adaptation"))
          .Found(json::DumpLine(entry.at("adaptation")))
          .Hint("verify it with the robomerge that made it, or a later one");
    }
    sources[source].adaptation = std::move(*rules);
  }
  return sources;
}

namespace {

std::vector<RecordedSource> SourcesIn(const json::Json& record) {
  std::vector<RecordedSource> sources;
  if (!record.contains("sources") || !record.at("sources").is_array()) return sources;
  for (const json::Json& entry : record.at("sources")) {
    RecordedSource& source = sources.emplace_back();
    if (!entry.is_object()) continue;
    source.entry = entry;
    const auto text = [&](const char* key) {
      const json::Json value = entry.value(key, json::Json());
      return value.is_string() ? value.get<std::string>() : std::string();
    };
    source.name = text("name");
    source.fingerprint = text("fingerprint");
    source.first_episode = CountIn(entry, "first_episode");
    source.num_episodes = CountIn(entry, "num_episodes");
    source.num_frames = CountIn(entry, "num_frames");
    if (entry.contains("adaptation")) source.rules = json::DumpLine(entry.at("adaptation"));
  }
  return sources;
}

uint64_t FramesOf(const Dataset& dataset, uint64_t first, uint64_t end) {
  uint64_t num_frames = 0;
  for (uint64_t episode = first; episode < end; ++episode)
    num_frames += dataset.episodes[episode].length_frames;
  return num_frames;
}

// How many episodes the sources have, if they are those that the dataset begins with.
std::optional<uint64_t> EpisodesOf(const std::vector<RecordedSource>& sources,
                                   const Dataset& dataset) {
  uint64_t end = 0;
  for (const RecordedSource& source : sources) {
    if (source.entry.is_null() || source.first_episode != end ||
        source.num_episodes > dataset.episodes.size() - end)
      return std::nullopt;
    const uint64_t first = end;
    end += source.num_episodes;
    if (FramesOf(dataset, first, end) != source.num_frames) return std::nullopt;
  }
  return end;
}

}  // namespace

Result<std::vector<RecordedSource>> RecordedSourcesOf(const io::FileSystem& file_system,
                                                      const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadKnownRecord(file_system, root));
  return SourcesIn(record);
}

Result<EpisodeOrigins> OriginsOfEpisodes(const io::FileSystem& file_system,
                                         const Dataset& dataset) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadKnownRecord(file_system, dataset.root));
  EpisodeOrigins origins;
  origins.sources = SourcesIn(record);
  const std::optional<uint64_t> known = EpisodesOf(origins.sources, dataset);
  origins.is_recorded = !origins.sources.empty() && known;
  if (!origins.is_recorded) origins.sources.clear();
  const uint64_t first = origins.is_recorded ? *known : 0;
  const uint64_t end = dataset.episodes.size();
  if (first < end || !origins.is_recorded) {
    RecordedSource& rest = origins.sources.emplace_back();
    rest.first_episode = first;
    rest.num_episodes = end - first;
    rest.num_frames = FramesOf(dataset, first, end);
  }
  if (origins.is_recorded && record.contains("skipped")) origins.skipped = record.at("skipped");
  return origins;
}

Result<uint64_t> NumRecordedAsLeftOut(const io::FileSystem& file_system, const std::string& root) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadRecord(file_system, root));
  if (!record.contains("skipped") || !record.at("skipped").is_array()) return uint64_t{0};
  return uint64_t{record.at("skipped").size()};
}

}  // namespace robomerge
