// Checks that a merge has kept what it must keep besides payload (format spec 3.1, 3.2, 3.4).
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "formats/parquet/compare_rows.h"
#include "model/carried_files.h"
#include "model/distribution.h"
#include "model/partial.h"
#include "model/source_statistics.h"
#include "model/text_columns.h"
#include "verify/checks.h"
#include "verify/episode_statistics.h"

namespace robomerge::verify_internal {
namespace {

// Tolerance for a statistic that a merge computes anew from integers.
constexpr double kRounding = 1e-9;

bool IsSame(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

class Kept {
 public:
  Kept(const io::FileSystem& file_system, const Case& all, FindingList& findings)
      : file_system_(file_system),
        all_(all),
        dataset_(all.destination.dataset),
        findings_(findings) {}

  Status Run() {
    CheckSchema();
    CheckTexts();
    CheckFiles();
    std::vector<EpisodeStatistics> of_sources;
    for (const Subject& source : all_.sources) of_sources.emplace_back(source.dataset);
    const EpisodeStatistics statistics(dataset_);
    for (uint64_t episode = 0; episode < all_.origins.size(); ++episode) {
      CheckEpisode(episode);
      CheckCells(episode, statistics, of_sources[all_.origins[episode].source]);
    }
    return CheckCarried();
  }

 private:
  std::string InfoWhere(const std::string& key) const {
    return StrCat(dataset_.root, "/meta/info.json: ", key);
  }

  void CheckSchema() {
    const Schema& schema = dataset_.schema;
    const std::map<std::string, Json> first_names = FirstNames();
    for (const Subject& subject : all_.sources) {
      const Schema& source = subject.dataset.schema;
      if (!(schema.frame_rate() == source.frame_rate()))
        Differs("fps", source.fps, schema.fps, subject);
      // The first source's spelling stays.
      const bool is_same = &subject == &all_.sources.front()
                               ? schema.robot_type == source.robot_type
                               : IsSameRobot(schema.robot_type, source.robot_type);
      if (!is_same) Differs("robot_type", source.robot_type, schema.robot_type, subject);
      for (const Feature& feature : source.features) {
        const Feature* kept = schema.Find(feature.name);
        const std::string key = StrCat("features[\"", feature.name, "\"]");
        if (kept == nullptr) {
          Differs(key, feature.entry, Json(), subject);
        } else if (!IsDefault(feature.name)) {
          Json expected = ComparableEntry(feature);
          const Json found = ComparableEntry(*kept);
          const auto names = first_names.find(feature.name);
          if (expected.at("names").is_null() && names != first_names.end())
            expected["names"] = names->second;
          // The first source's form stays.
          if (AreNamesAlike(feature.entry.value("names", Json()),
                            kept->entry.value("names", Json())))
            expected["names"] = found.at("names");
          if (expected != found) Differs(key, expected, found, subject);
        }
      }
      for (const Feature& feature : schema.features) {
        if (source.Find(feature.name) == nullptr)
          Differs(StrCat("features[\"", feature.name, "\"]"), Json(), feature.entry, subject);
      }
    }
    const Json& tools = all_.sources.front().dataset.schema.tools;
    const bool agree =
        std::all_of(all_.sources.begin(), all_.sources.end(),
                    [&](const Subject& one) { return one.dataset.schema.tools == tools; });
    if (agree && schema.tools != tools) Differs("tools", tools, schema.tools, all_.sources.front());
    CheckPhysicalSchema();
  }

  // By feature, as the first source says that names the elements: the result has these.
  std::map<std::string, Json> FirstNames() const {
    std::map<std::string, Json> names;
    for (const Subject& source : all_.sources) {
      for (const Feature& feature : source.dataset.schema.features) {
        const auto own = feature.entry.find("names");
        if (feature.is_camera() || own == feature.entry.end() || own->is_null()) continue;
        if (!names.contains(feature.name)) names.emplace(feature.name, FlatNames(*own));
      }
    }
    return names;
  }

  static std::string Nullable(std::string form) {
    constexpr std::string_view kRequired = " required ", kOptional = " optional ";
    for (size_t at = 0; (at = form.find(kRequired, at)) != std::string::npos;)
      form.replace(at, kRequired.size(), kOptional);
    return form;
  }

  static bool IsDefault(const std::string& name) {
    return std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures), name) !=
           std::end(kDefaultFeatures);
  }

  void Differs(const std::string& key, const Json& expected, const Json& found,
               const Subject& source) {
    findings_.Add(Say("V-schema", "schema is not that of a source", InfoWhere(key),
                      StrCat(json::DumpLine(expected), "   from ", source.dataset.root),
                      json::DumpLine(found)));
  }

  // W-13: each column has the physical schema that it has in one of the sources, and the key
  // `huggingface`, which tells other tools what is an image, is still there.
  void CheckPhysicalSchema() {
    std::set<std::string> forms, made;
    bool has_features = false;
    for (const Subject& source : all_.sources) {
      for (const DataFile& file : source.dataset.data_files) {
        has_features = has_features || file.has_huggingface_features;
        std::istringstream lines(file.physical_schema);
        for (std::string line; std::getline(lines, line);) {
          if (line.ends_with(kMadeColumn))
            made.insert(line.substr(0, line.size() - kMadeColumn.size()));
          forms.insert(line);
          // A column may hold nulls where that of any source may.
          forms.insert(Nullable(line));
        }
      }
    }
    for (const DataFile& file : dataset_.data_files) {
      std::istringstream lines(file.physical_schema);
      for (std::string line; std::getline(lines, line);) {
        const std::string column(ColumnOfForm(line));
        if (forms.contains(line) || all_.IsNumberedAnew(column) || made.contains(column)) continue;
        findings_.Add(Say("V-schema", "column has a physical form that no source has", file.path,
                          "", line, {{}, column, {}}));
      }
      if (has_features && !file.has_huggingface_features && !AnySourceFileLacksFeatures()) {
        findings_.Add(Say("V-schema",
                          "data file has lost the metadata that tells tools what its columns are",
                          file.path, "the key `huggingface`", "none"));
      }
    }
  }

  bool AnySourceFileLacksFeatures() const {
    for (const Subject& source : all_.sources) {
      for (const DataFile& file : source.dataset.data_files) {
        if (!file.has_huggingface_features) return true;
      }
    }
    return false;
  }

  // The union of the sources' texts, in order of first appearance (format spec 3.2).
  void CheckTexts() {
    TaskTable tasks, subtasks;
    for (const Subject& subject : all_.sources) {
      const Dataset& source = subject.dataset;
      for (size_t task = 0; task < source.tasks.size(); ++task) {
        if (source.IsTaskUsed(task)) tasks.Add(source.tasks[task]);
      }
      for (size_t subtask = 0; subtask < source.subtasks.size(); ++subtask) {
        if (source.IsSubtaskUsed(subtask)) subtasks.Add(source.subtasks[subtask]);
      }
    }
    CheckTable("task", "/meta/tasks.parquet", tasks.tasks, dataset_.tasks);
    CheckTable("subtask", "/meta/subtasks.parquet", subtasks.tasks, dataset_.subtasks);
  }

  void CheckTable(const std::string& name, const std::string& path,
                  const std::vector<std::string>& expected,
                  const std::vector<std::string>& found_texts) {
    for (size_t text = 0; text < std::max(expected.size(), found_texts.size()); ++text) {
      const std::string wanted =
          text < expected.size() ? "`" + expected[text] + "`" : StrCat("no further ", name);
      const std::string found =
          text < found_texts.size() ? "`" + found_texts[text] + "`" : StrCat("no further ", name);
      if (wanted == found) continue;
      findings_.Add(Say(StrCat("V-", name, "s"),
                        StrCat(name, "s are not those of the sources in order of first appearance"),
                        StrCat(dataset_.root, path, ": row ", text), wanted, found));
      return;
    }
  }

  // Those of meta/: a user may change README.md afterwards.
  void CheckFiles() {
    std::vector<const Dataset*> sources;
    bool is_whole = all_.sources.size() == 1;
    for (const Subject& source : all_.sources) {
      sources.push_back(&source.dataset);
      is_whole = is_whole && source.is_unadapted;
    }
    const CarriedFiles carried = FilesToCarry(sources, is_whole);
    const auto lacks = [&](const std::string& path, const std::string& what) {
      findings_.Add(Say("V-carried", what, StrCat(dataset_.root, "/", path),
                        StrCat("as in ", all_.sources.front().dataset.root)));
    };
    for (const OtherFile& file : carried.files) {
      if (!file.path.starts_with("meta/")) continue;
      const auto found = std::find_if(dataset_.other_files.begin(), dataset_.other_files.end(),
                                      [&](const OtherFile& one) { return one.path == file.path; });
      if (found == dataset_.other_files.end())
        lacks(file.path, "a file that all sources have is missing");
      else if (found->fingerprint != file.fingerprint || found->size_bytes != file.size_bytes)
        lacks(file.path, "a file is not that of the sources");
    }
    if (!carried.modality) return;
    if (!dataset_.modality)
      lacks("meta/modality.json", "a file that all sources have is missing");
    else if (!SaySame(dataset_.modality->text, carried.modality->text))
      lacks("meta/modality.json", "modality.json does not say what those of the sources say");
  }

  void CheckEpisode(uint64_t episode) {
    const EpisodeOfSource& origin = all_.origins[episode];
    const Subject& source = all_.SourceOf(episode);
    const Episode &found = dataset_.episodes[episode],
                  &expected = source.dataset.episodes[origin.episode];
    const std::string from =
        StrCat("   from episode ", origin.episode, " of ", source.dataset.root);
    if (found.length_frames != expected.length_frames) {
      findings_.Add(Say("V-rows", "episode has another length than in its source",
                        all_.destination.EpisodeWhere(episode, "length"),
                        StrCat(expected.length_frames, " frames", from),
                        StrCat(found.length_frames, " frames"), {episode, "length"}));
    }
    std::vector<std::string> tasks = found.tasks, wanted = expected.tasks;
    std::sort(tasks.begin(), tasks.end());
    std::sort(wanted.begin(), wanted.end());
    if (tasks != wanted) {
      findings_.Add(Say("V-tasks", "episode lists other tasks than in its source",
                        all_.destination.EpisodeWhere(episode, "tasks"),
                        StrCat("`", Join(expected.tasks, "`, `"), "`", from),
                        StrCat("`", Join(found.tasks, "`, `"), "`"), {episode, "tasks"}));
    }
  }

  bool IsBookkeepingOrSource(const std::string& feature) const {
    return IsBookkeeping(feature) || !all_.IsNumberedAnew(feature);
  }

  // The frames of an episode of the result by their numbers; null if they were not counted.
  const NumberFrames* FramesOf(uint64_t episode, const std::string& column) const {
    const EpisodeRows* rows = all_.destination.rows[episode];
    if (rows == nullptr) return nullptr;
    return column == "task_index" ? &rows->task_frames : TextFramesOf(dataset_, *rows, column);
  }

  // What a cell of a source's row becomes (format spec 3.4). nullopt if any number is accepted.
  std::optional<double> Expected(uint64_t episode, const StatColumn& column, double value) const {
    if (column.stat == "count") {
      const bool is_table = std::ranges::any_of(dataset_.episodes_files, &EpisodesFile::is_table);
      return all_.IsNumberedAnew(column.feature) && !is_table
                 ? static_cast<double>(dataset_.episodes[episode].length_frames)
                 : value;
    }
    if (column.feature == "task_index" || !IsBookkeepingOrSource(column.feature)) {
      const NumberFrames* frames = FramesOf(episode, column.feature);
      if (frames == nullptr || frames->empty()) return std::nullopt;
      const Distribution tasks(*frames);
      if (column.stat == "min") return tasks.min();
      if (column.stat == "max") return tasks.max();
      if (column.stat == "mean") return tasks.mean();
      if (column.stat == "std") return tasks.deviation();
      return std::nullopt;
    }
    const EpisodeOfSource& origin = all_.origins[episode];
    const bool moves = column.stat != "std";
    const uint64_t length = dataset_.episodes[episode].length_frames;
    if (column.feature == "episode_index") {
      const auto number = static_cast<double>(episode);
      return TrueStatistic(column.stat,
                           moves ? value + (number - static_cast<double>(origin.episode)) : value,
                           number, 0, length);
    }
    if (column.feature == "index") {
      const auto first = static_cast<double>(all_.destination.FirstFrame(episode));
      return TrueStatistic(
          column.stat,
          moves ? value + (first -
                           static_cast<double>(all_.SourceOf(episode).FirstFrame(origin.episode)))
                : value,
          first, 1, length);
    }
    return value;
  }

  // Whether the rows, and not the source, decide what the statistics of the feature are.
  bool IsMeasuredHere(const std::string& name) const {
    const Feature* feature = all_.is_measured() ? dataset_.schema.Find(name) : nullptr;
    return feature != nullptr && !all_.IsNumberedAnew(name) && IsMeasurable(feature->dtype());
  }

  void CheckCells(uint64_t episode, const EpisodeStatistics& statistics,
                  const EpisodeStatistics& of_source) {
    const EpisodeOfSource& origin = all_.origins[episode];
    std::map<std::pair<std::string_view, std::string_view>, std::pair<const double*, uint32_t>>
        found;
    statistics.ForEach(episode, [&](const StatColumn& column, const double* values) {
      found[{column.feature, column.stat}] = {values, column.width};
    });
    std::set<std::pair<std::string_view, std::string_view>> in_source;
    of_source.ForEach(origin.episode, [&](const StatColumn& column, const double* values) {
      in_source.emplace(column.feature, column.stat);
      const std::string name = StrCat("stats/", column.feature, "/", column.stat);
      if (IsMeasuredHere(column.feature)) return;
      const auto entry = found.find({column.feature, column.stat});
      // Up to v2.1 they are written by features.
      const bool has_no_place =
          dataset_.schema.Find(column.feature) == nullptr &&
          std::ranges::none_of(dataset_.episodes_files, &EpisodesFile::is_table);
      if (entry == found.end() && has_no_place) return;
      if (entry == found.end()) {
        findings_.Add(Say("V-statistics", "episode has lost a statistic of its source",
                          all_.destination.EpisodeWhere(episode, name), "", "",
                          {episode, column.feature + "/" + column.stat}));
        return;
      }
      const auto& [numbers, width] = entry->second;
      for (uint32_t at = 0; at < std::max(width, column.width); ++at) {
        const bool is_there = at < width && at < column.width;
        const std::optional<double> expected =
            is_there ? Expected(episode, column, values[at]) : std::nullopt;
        if (is_there && (!expected || IsSame(*expected, numbers[at]))) continue;
        const bool is_near =
            is_there && all_.IsNumberedAnew(column.feature) &&
            std::fabs(*expected - numbers[at]) <= kRounding * std::max(1.0, std::fabs(*expected));
        if (is_near) continue;
        findings_.Add(Say("V-statistics", "statistic differs from its source",
                          all_.destination.EpisodeWhere(episode, name),
                          is_there ? FormatDouble(*expected) : StrCat(column.width, " numbers"),
                          is_there ? FormatDouble(numbers[at]) : StrCat(width, " numbers"),
                          {episode, column.feature + "/" + column.stat}));
        return;
      }
    });
    for (const auto& [key, numbers] : found) {
      if (in_source.contains(key) || all_.IsNumberedAnew(key.first) ||
          IsMeasuredHere(std::string(key.first)))
        continue;
      const std::string name = StrCat(key.first, "/", key.second);
      findings_.Add(Say("V-statistics", "episode has a statistic that its source has not",
                        all_.destination.EpisodeWhere(episode, "stats/" + name), "", "",
                        {episode, name}));
    }
  }

  // Compares the carried columns, for one range of rows at a time that is consecutive in both
  // files.
  Status CheckCarried() {
    std::map<std::string, std::unique_ptr<io::RandomAccessFile>> files;
    std::map<std::string, parquet::Footer> footers;
    const auto open = [&](const std::string& path) -> Status {
      if (files.contains(path)) return Status();
      ROBOMERGE_ASSIGN_OR_RETURN(files[path], file_system_.OpenForReading(path));
      ROBOMERGE_ASSIGN_OR_RETURN(footers[path], parquet::Footer::Read(*files[path]));
      return Status();
    };
    for (uint64_t begin = 0; begin < all_.origins.size();) {
      const Subject& source = all_.SourceOf(begin);
      const Episode &found = dataset_.episodes[begin],
                    &expected = source.dataset.episodes[all_.origins[begin].episode];
      uint64_t end = begin + 1;
      for (; end < all_.origins.size() && all_.origins[end].source == all_.origins[begin].source;
           ++end) {
        const Episode &next = dataset_.episodes[end],
                      &next_expected = source.dataset.episodes[all_.origins[end].episode];
        const auto distance = static_cast<int64_t>(end - begin);
        if (next.episodes_file != found.episodes_file || next.row != found.row + distance ||
            next_expected.episodes_file != expected.episodes_file ||
            next_expected.row != expected.row + distance) {
          break;
        }
      }
      const std::string& path = dataset_.episodes_files[found.episodes_file].path;
      const std::string& source_path = source.dataset.episodes_files[expected.episodes_file].path;
      if (!source.dataset.carried_columns.empty()) {
        files.clear();  // one pair at a time
        footers.clear();
        ROBOMERGE_RETURN_NOT_OK(open(path));
        ROBOMERGE_RETURN_NOT_OK(open(source_path));
        std::vector<std::string> columns;
        for (const std::string& column : source.dataset.carried_columns) {
          const std::vector<std::string>& present = footers.at(source_path).column_names();
          if (std::find(present.begin(), present.end(), column) != present.end())
            columns.push_back(column);
        }
        parquet::RowComparer comparer(*files.at(path), footers.at(path), *files.at(source_path),
                                      footers.at(source_path), columns);
        ROBOMERGE_ASSIGN_OR_RETURN(
            const parquet::ComparedRows compared,
            comparer.Compare(static_cast<uint64_t>(found.row), static_cast<uint64_t>(expected.row),
                             end - begin));
        for (const parquet::RowDifference& difference : compared.differences) {
          findings_.Add(
              Say("V-episode-column", "column of the episodes table differs from its source",
                  all_.destination.EpisodeWhere(begin + difference.row, difference.column),
                  StrCat(difference.expected, "   from ", source_path), difference.found,
                  {begin + difference.row, difference.column}));
        }
      }
      begin = end;
    }
    return Status();
  }

  const io::FileSystem& file_system_;
  const Case& all_;
  const Dataset& dataset_;
  FindingList& findings_;
};

}  // namespace

void PairEpisodes(Case& all, FindingList& findings) {
  uint64_t num_episodes = 0, num_frames = 0;
  for (uint32_t source = 0; source < all.sources.size(); ++source) {
    const Dataset& dataset = all.sources[source].dataset;
    for (uint64_t episode = 0; episode < dataset.episodes.size(); ++episode) {
      if (all.origins.size() < all.destination.dataset.episodes.size())
        all.origins.push_back({source, episode});
    }
    num_episodes += dataset.episodes.size();
    num_frames += dataset.num_frames();
  }
  const Dataset& dataset = all.destination.dataset;
  all.is_paired = num_episodes == dataset.episodes.size();
  if (!all.is_paired) {
    findings.Add(
        Say("V-episodes",
            "sources have another number of episodes together; the ones that both have are "
            "compared in order",
            dataset.root,
            StrCat(WithSeparators(num_episodes), " episodes of ", all.sources.size(), " sources"),
            StrCat(WithSeparators(dataset.episodes.size()), " episodes")));
  } else if (num_frames != dataset.num_frames()) {
    findings.Add(Say("V-rows", "sources have another number of frames together", dataset.root,
                     StrCat(WithSeparators(num_frames), " frames"),
                     StrCat(WithSeparators(dataset.num_frames()), " frames")));
  }
}

Status CheckAgainstSources(const io::FileSystem& file_system, const Case& all,
                           FindingList& findings) {
  return Kept(file_system, all, findings).Run();
}

}  // namespace robomerge::verify_internal
