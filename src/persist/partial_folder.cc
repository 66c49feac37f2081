#include "persist/partial_folder.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "persist/partial_tables.h"
#include "persist/skipped_table.h"
#include "persist/table_folder.h"

namespace robomerge::persist {
namespace {

constexpr FolderKind kPartial = {"robomerge partial", "partial.json", "E-partial", 3, 0};
constexpr std::string_view kPrefix = "partial-";

// Names that sort as the sources do.
std::string NameOf(const PartialPlace& place) {
  char name[64];
  std::snprintf(name, sizeof(name), "partial-%09llu-%09llu",
                static_cast<unsigned long long>(place.first_source),
                static_cast<unsigned long long>(place.first_source + place.num_sources - 1));
  return name;
}

// `list` receives all sources as the partial's rank was given them.
Result<StoredPartial> Load(const io::FileSystem& file_system, const std::string& path,
                           std::vector<std::string>& list) {
  ROBOMERGE_ASSIGN_OR_RETURN(const TableFolder folder,
                             TableFolder::Open(file_system, path, kPartial));
  StoredPartial stored;
  stored.path = path;
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.first_source, folder.Count("first_source"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.num_sources, folder.Count("num_sources"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.num_sources_in_all, folder.Count("num_sources_in_all"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.stats, ReadStatsMode(folder));
  ROBOMERGE_ASSIGN_OR_RETURN(ListTable all, folder.Read<ListTable>("list"));
  list = std::move(all.root);
  if (list.size() != stored.place.num_sources_in_all) {
    return folder.DamagedProblem("header and list differ in the number of sources",
                                 folder.header_path() + ": num_sources_in_all");
  }
  PartialTables tables;
  ROBOMERGE_ASSIGN_OR_RETURN(tables.schemas, folder.Read<SchemasTable>("schemas"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.episode_layouts, folder.Read<LayoutsTable>("episode_layouts"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.statistics_layouts,
                             folder.Read<LayoutsTable>("statistics_layouts"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.sources, folder.Read<SourcesTable>("sources"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.data_files, folder.Read<DataFilesTable>("data_files"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.video_files, folder.Read<VideoFilesTable>("video_files"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.episodes_files,
                             folder.Read<EpisodesFilesTable>("episodes_files"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.episodes, folder.Read<EpisodesTable>("episodes"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.frames, folder.Read<FramesTable>("frames"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.warnings, folder.Read<ProblemsTable>("warnings"));
  ROBOMERGE_ASSIGN_OR_RETURN(tables.carried, ReadCarriedTables(folder));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.partial, FromTables(folder, std::move(tables)));
  ROBOMERGE_ASSIGN_OR_RETURN(StoredSkips skips, ReadSkips(folder));
  stored.partial.skip_broken = skips.wish;
  stored.partial.skipped = std::move(skips.skipped);
  const auto num_whole = static_cast<size_t>(std::ranges::count_if(
      stored.partial.skipped, [](const Skipped& one) { return one.is_whole(); }));
  stored.partial.num_given = stored.partial.sources.size() + num_whole;
  const PartialPlace& place = stored.place;
  if (stored.partial.num_given != place.num_sources || place.num_sources == 0 ||
      (!stored.partial.skipped.empty() &&
       stored.partial.skipped.back().position >= place.num_sources) ||
      place.first_source > place.num_sources_in_all ||
      place.num_sources > place.num_sources_in_all - place.first_source) {
    return folder.DamagedProblem("header and tables differ in the number of sources",
                                 folder.header_path() + ": num_sources");
  }
  return stored;
}

std::string Span(const PartialPlace& place) {
  return StrCat("sources ", place.first_source, " to ", place.first_source + place.num_sources - 1,
                " of ", place.num_sources_in_all);
}

// A problem unless two ranks were given the same list in the same order. Otherwise one position
// would mean two sources, and a result could hold one source twice and lack another.
std::optional<Problem> CompareLists(const std::vector<std::string>& first,
                                    const std::string& first_path,
                                    const std::vector<std::string>& other,
                                    const std::string& other_path) {
  if (first == other) return std::nullopt;
  const size_t at = static_cast<size_t>(
      std::mismatch(first.begin(), first.end(), other.begin(), other.end()).first - first.begin());
  const auto text = [at](const std::vector<std::string>& list) {
    return at < list.size() ? list[at] : StrCat("only ", list.size(), " sources");
  };
  return Problem(Code::kCorrupt, "partials are of different lists of sources, or of other rules")
      .Kind("E-partial-overlap")
      .At(other_path)
      .Expected(StrCat("source ", at, ": ", text(first), "   from ", first_path))
      .Found(text(other))
      .Hint(
          "give every rank of `describe` the same list in the same order (--from one file) and the "
          "same rules, into an empty folder");
}

// Checks that every source is in exactly one partial.
std::vector<Problem> CheckCover(const std::string& directory,
                                const std::vector<StoredPartial>& partials) {
  std::vector<Problem> problems;
  const uint64_t num_sources = partials.front().place.num_sources_in_all;
  uint64_t next = 0;
  const auto missing = [&](uint64_t end) {
    if (next >= end) return;
    problems.push_back(
        Problem(Code::kCorrupt, StrCat("sources ", next, " to ", end - 1, " are in no partial"))
            .Kind("E-partial-missing")
            .At(directory)
            .Expected(StrCat("every source from 0 to ", num_sources - 1, " in one partial"))
            .Hint("run the `describe` of that rank again, with the same sources and world size"));
  };
  for (size_t at = 0; at < partials.size(); ++at) {
    const PartialPlace& place = partials[at].place;
    missing(place.first_source);
    if (place.first_source < next) {
      problems.push_back(
          Problem(Code::kCorrupt, "two partials describe the same sources")
              .Kind("E-partial-overlap")
              .At(partials[at].path)
              .Expected(StrCat("nothing before source ", next, "   from ", partials[at - 1].path))
              .Found(Span(place))
              .Hint("describe into an empty folder, or remove the partials of another world size"));
    }
    next = std::max(next, place.first_source + place.num_sources);
  }
  missing(num_sources);
  return problems;
}

}  // namespace

Result<bool> WritePartial(io::FileSystem& file_system, const std::string& directory,
                          const PartialPlace& place, const std::vector<std::string>& list,
                          const Partial& partial, bool sync) {
  ListTable all{list};
  PartialTables tables = ToTables(partial);
  json::Json fields = json::Json::object();
  fields["first_source"] = place.first_source;
  fields["num_sources"] = place.num_sources;
  fields["num_sources_in_all"] = place.num_sources_in_all;
  fields["num_episodes"] = partial.num_episodes;
  fields["num_frames"] = partial.num_frames;
  fields["payload_bytes"] = partial.payload_bytes;
  const std::vector<std::shared_ptr<const DescribedSource>> sources = partial.sources.Flatten();
  CarriedTables carried = CarriedTablesOf(sources);
  const bool is_split = std::any_of(sources.begin(), sources.end(),
                                    [](const auto& source) { return source->is_split; });
  if (is_split) fields["is_split"] = true;
  if (place.stats == StatsMode::kExact) fields["stats"] = NameOf(place.stats);
  AddField(carried, fields);
  AddWish(partial.skip_broken, fields);
  SkippedTables skips = persist::ToTables(partial.skipped);
  TableFolderWriter writer(kPartial, std::move(fields));
  writer.Add("list", all);
  writer.Add("schemas", tables.schemas);
  writer.Add("episode_layouts", tables.episode_layouts);
  writer.Add("statistics_layouts", tables.statistics_layouts);
  writer.Add("sources", tables.sources);
  writer.Add("data_files", tables.data_files);
  writer.Add("video_files", tables.video_files);
  writer.Add("episodes_files", tables.episodes_files);
  writer.Add("episodes", tables.episodes);
  writer.Add("frames", tables.frames);
  writer.Add("warnings", tables.warnings);
  AddTables(carried, writer);
  AddTables(partial.skip_broken, skips, writer);
  const std::string path = io::JoinPath(directory, NameOf(place));
  Result<TableFolderWriter::Outcome> outcome = writer.Write(file_system, path, sync);
  // What is there may be damaged, or describe an older state of the sources. Unlike a plan it may
  // be replaced, since nothing relies on it yet.
  const bool is_outdated = outcome.ok() ? *outcome == TableFolderWriter::Outcome::kDiffers
                                        : outcome.status().code() == Code::kCorrupt ||
                                              outcome.status().code() == Code::kNotFound ||
                                              outcome.status().code() == Code::kUnsupported;
  if (is_outdated) {
    ROBOMERGE_RETURN_NOT_OK(file_system.RemoveAll(path));
    outcome = writer.Write(file_system, path, sync);
  }
  ROBOMERGE_RETURN_NOT_OK(outcome.status());
  return *outcome == TableFolderWriter::Outcome::kAlreadyThere;
}

Result<std::vector<StoredPartial>> ReadPartials(const io::FileSystem& file_system,
                                                const std::string& directory) {
  const Result<std::vector<std::string>> names = file_system.List(directory);
  if (!names.ok() && names.status().code() == Code::kNotFound) {
    return Problem(Code::kNotFound, "there is no folder of partials here")
        .Kind("E-partial-missing")
        .At(directory)
        .Hint("make them with `robomerge describe SRC... --partial DIR`");
  }
  ROBOMERGE_RETURN_NOT_OK(names.status());
  std::vector<StoredPartial> partials;
  std::vector<Problem> problems;
  std::vector<std::string> first_list;
  std::string first_path;
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    std::vector<std::string> list;
    Result<StoredPartial> partial = Load(file_system, io::JoinPath(directory, name), list);
    if (!partial.ok()) {
      problems.insert(problems.end(), partial.status().problems().begin(),
                      partial.status().problems().end());
      continue;
    }
    if (first_path.empty()) {
      first_path = partial->path;
      first_list = std::move(list);
    } else if (auto problem = CompareLists(first_list, first_path, list, partial->path)) {
      problems.push_back(std::move(*problem));
    }
    if (!partials.empty() && partial->place.stats != partials.front().place.stats) {
      problems.push_back(
          Problem(Code::kCorrupt, "partials are described for different statistics")
              .Kind("E-partial-overlap")
              .At(partial->path)
              .Expected(StrCat("--stats ", NameOf(partials.front().place.stats), "   from ",
                               partials.front().path))
              .Found(StrCat("--stats ", NameOf(partial->place.stats)))
              .Hint("give every rank of `describe` the same --stats, into an empty folder"));
    }
    partials.push_back(std::move(partial).value());
  }
  if (problems.empty() && partials.empty()) {
    return Problem(Code::kNotFound, "there is no partial in this folder")
        .Kind("E-partial-missing")
        .At(directory)
        .Hint("make them with `robomerge describe SRC... --partial DIR`");
  }
  // By content, not by name: the names of folders are only for people.
  std::stable_sort(partials.begin(), partials.end(),
                   [](const StoredPartial& left, const StoredPartial& right) {
                     return left.place.first_source < right.place.first_source;
                   });
  if (problems.empty()) problems = CheckCover(directory, partials);
  if (!problems.empty()) return Status::Many(std::move(problems));
  return partials;
}

}  // namespace robomerge::persist
