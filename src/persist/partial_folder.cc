#include "persist/partial_folder.h"

#include <algorithm>
#include <cstdio>

#include "persist/partial_tables.h"
#include "persist/table_folder.h"

namespace robomerge::persist {
namespace {

constexpr FolderKind kPartial = {"robomerge partial", "partial.json", "E-partial"};
constexpr std::string_view kPrefix = "partial-";

// Names sort as their sources do.
std::string NameOf(const PartialPlace& place) {
  char name[64];
  std::snprintf(name, sizeof(name), "partial-%09llu-%09llu",
                static_cast<unsigned long long>(place.first_source),
                static_cast<unsigned long long>(place.first_source + place.num_sources - 1));
  return name;
}

Result<StoredPartial> Load(const io::FileSystem& file_system, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const TableFolder folder,
                             TableFolder::Open(file_system, path, kPartial));
  StoredPartial stored;
  stored.path = path;
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.first_source, folder.Count("first_source"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.num_sources, folder.Count("num_sources"));
  ROBOMERGE_ASSIGN_OR_RETURN(stored.place.num_sources_in_all, folder.Count("num_sources_in_all"));
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
  ROBOMERGE_ASSIGN_OR_RETURN(stored.partial, FromTables(folder, std::move(tables)));
  const PartialPlace& place = stored.place;
  if (stored.partial.sources.size() != place.num_sources || place.num_sources == 0 ||
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

// Every position once.
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
    if (place.num_sources_in_all != num_sources) {
      problems.push_back(
          Problem(Code::kCorrupt, "partials are of different lists of sources")
              .Kind("E-partial-overlap")
              .At(partials[at].path)
              .Expected(StrCat(num_sources, " sources in all   from ", partials.front().path))
              .Found(Span(place))
              .Hint("describe into an empty folder"));
      continue;
    }
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
                          const PartialPlace& place, const Partial& partial, bool sync) {
  PartialTables tables = ToTables(partial);
  json::Json fields = json::Json::object();
  fields["first_source"] = place.first_source;
  fields["num_sources"] = place.num_sources;
  fields["num_sources_in_all"] = place.num_sources_in_all;
  fields["num_episodes"] = partial.num_episodes;
  fields["num_frames"] = partial.num_frames;
  fields["payload_bytes"] = partial.payload_bytes;
  TableFolderWriter writer(kPartial, std::move(fields));
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
  const std::string path = io::JoinPath(directory, NameOf(place));
  Result<TableFolderWriter::Outcome> outcome = writer.Write(file_system, path, sync);
  // What is there may be damaged or of an older state of the sources: unlike a plan nothing rests
  // on it yet.
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
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    Result<StoredPartial> partial = Load(file_system, io::JoinPath(directory, name));
    if (partial.ok())
      partials.push_back(std::move(partial).value());
    else
      problems.insert(problems.end(), partial.status().problems().begin(),
                      partial.status().problems().end());
  }
  if (problems.empty() && partials.empty()) {
    return Problem(Code::kNotFound, "there is no partial in this folder")
        .Kind("E-partial-missing")
        .At(directory)
        .Hint("make them with `robomerge describe SRC... --partial DIR`");
  }
  // By content: a folder's name is only for people.
  std::stable_sort(partials.begin(), partials.end(),
                   [](const StoredPartial& left, const StoredPartial& right) {
                     return left.place.first_source < right.place.first_source;
                   });
  if (problems.empty()) problems = CheckCover(directory, partials);
  if (!problems.empty()) return Status::Many(std::move(problems));
  return partials;
}

}  // namespace robomerge::persist
