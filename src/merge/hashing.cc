#include "merge/hashing.h"

#include <map>
#include <set>

#include "base/foreign_file.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "hash/sha256.h"
#include "io/unique_name.h"
#include "model/recorded_hashes.h"
#include "publish/whole_files.h"
#include "schedule/parallel_for.h"
#include "verify/read_hashes.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

// How new hashes are recorded of what is there.
std::string RenewalOf(const std::string& root) {
  return StrCat("robomerge stats ", ShellWord(root), " --in-place --record-hashes");
}

const std::string& RootOf(const MergePlan& plan, uint32_t source) {
  return plan.sources[source]->dataset->root;
}

using HashesByPath = std::map<std::string, std::string>;  // of whole paths

Result<HashesByPath> ReadByPath(const io::FileSystem& file_system, const std::string& root) {
  HashesByPath by_path;
  ROBOMERGE_ASSIGN_OR_RETURN(const RecordedHashes hashes, ReadRecordedHashes(file_system, root));
  for (const RecordedHash& hash : hashes.files)
    by_path[io::JoinPath(root, hash.path)] = hash.sha256;
  return by_path;
}

// Adds the files of a source of which rules leave out some rows or frames.
void AddFilesInPart(const DescribedSource& source, std::set<std::string>& paths) {
  if (!source.adaptation.selects()) return;
  const Dataset& dataset = *source.dataset;
  for (const VideoKey& key : dataset.video_keys) {
    for (const VideoFile& file : key.files) {
      if (file.is_cut) paths.insert(file.path);
    }
  }
  std::vector<uint64_t> num_rows(dataset.data_files.size());
  for (const DataPlace& place : source.data_places) {
    num_rows[place.data_file] += place.rows->num_rows;
    for (const RowsElsewhere& part : place.rows->more) num_rows[part.data_file] += part.num_rows;
  }
  for (size_t file = 0; file < num_rows.size(); ++file) {
    if (num_rows[file] < dataset.data_files[file].num_rows)
      paths.insert(dataset.data_files[file].path);
  }
}

// SourceFilesOf(), and the files in which episodes go on.
std::vector<std::string> FilesOfStep(const MergePlan& plan, const Step& step) {
  std::vector<std::string> paths = SourceFilesOf(plan, step);
  const StepEpisodes episodes = DataEpisodesOf(step).value_or(StepEpisodes());
  for (uint64_t number = 0; number < episodes.num; ++number) {
    const PlannedEpisode& planned = plan.episodes[episodes.first + number];
    const DescribedSource* const source = plan.sources[planned.source].get();
    if (source == nullptr) continue;
    for (const RowsElsewhere& part : source->data_places[planned.source_episode].rows->more)
      paths.push_back(source->dataset->data_files[part.data_file].path);
  }
  return paths;
}

// What is said of files that are not as their hashes say.
class StaleFiles {
 public:
  explicit StaleFiles(StaleHashes stale) : stale_(stale) {}

  /// `reason`: with which this is a warning in any case; empty: it is refused.
  void Hold(const std::string& path, const std::string& root, const std::string& expected,
            const std::string& found, const std::string& reason) {
    if (found == expected) return;
    const bool is_renewed = stale_ == StaleHashes::kRenewed;
    Problem problem =
        Problem(Code::kCorrupt,
                is_renewed ? "a file has changed since its hash was recorded, and gets a new one"
                : reason.empty() ? "a file has changed since its hash was recorded"
                                 : reason)
            .Source(root)
            .At(path)
            .Expected(StrCat("SHA-256 ", expected))
            .Found(found.empty() ? "no file" : found);
    if (is_renewed) {
      warnings_.push_back(std::move(problem).Kind("W-hash"));
    } else if (!reason.empty()) {
      warnings_.push_back(std::move(problem).Kind("W-hash").Hint(
          "if you have not changed it, restore it from a backup"));
    } else {
      problems_.push_back(std::move(problem).Kind("E-hash").Hint(
          StrCat("restore the file from a backup; or leave out the episodes that are damaged; or, "
                 "if it shall be as it is, record new hashes: ",
                 RenewalOf(root))));
    }
  }

  bool has_problems() const { return !problems_.empty(); }

  Status Take(std::vector<Problem>& warnings) {
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    warnings.insert(warnings.end(), warnings_.begin(), warnings_.end());
    return Status();
  }

 private:
  const StaleHashes stale_;
  std::vector<Problem> problems_, warnings_;
};

Problem StagedChanged(Code code, const std::string& kind, std::string what,
                      const ChangedFile& file) {
  return Problem(code, std::move(what))
      .Kind(kind)
      .At(file.path)
      .Expected(StrCat("SHA-256 ", file.expected))
      .Found(file.found);
}

}  // namespace

Result<std::vector<std::string>> Run::HashFiles(const std::vector<std::string>& paths,
                                                HashMissing missing) {
  std::vector<std::string> hashes(paths.size());  // one slot per file, so no lock
  std::vector<schedule::Item> items;
  for (size_t at = 0; at < paths.size(); ++at) {
    schedule::Item item;
    item.name = "hash " + paths[at];
    item.category = "hash";
    item.body = [this, &hashes, &paths, missing, at](schedule::Spawner&) -> Status {
      Result<std::string> hash = Sha256OfFile(file_system_, paths[at]);
      if (!hash.ok() && missing == HashMissing::kIsEmpty) {
        const Code code = hash.status().code();
        if (code == Code::kNotFound || code == Code::kCorrupt) return Status();
      }
      ROBOMERGE_ASSIGN_OR_RETURN(hashes[at], std::move(hash));
      return Status();
    };
    items.push_back(std::move(item));
  }
  schedule::ParallelForOptions options;
  options.observer = &observer_;
  options.stop = stop_;
  ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(*executor_, std::move(items), options));
  return hashes;
}

Result<std::vector<ChangedFile>> Run::FindChanged(const MergePlan& plan,
                                                  const Transaction& transaction) {
  std::vector<size_t> steps;
  std::vector<std::string> paths;
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    if (!transaction.done()[step]) continue;
    steps.push_back(step);
    paths.push_back(io::JoinPath(transaction.directory(), PathOf(plan, plan.steps[step])));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> found, HashFiles(paths));
  std::vector<ChangedFile> changed;
  for (size_t at = 0; at < steps.size(); ++at) {
    const std::string& expected = transaction.done()[steps[at]]->sha256;
    if (expected != found[at]) changed.push_back({steps[at], paths[at], expected, found[at]});
  }
  return changed;
}

Status CheckStagedHashes(const MergePlan& plan, const Transaction& transaction, Run& run) {
  if (!plan.record_hashes) return Status();
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<ChangedFile> changed,
                             run.FindChanged(plan, transaction));
  std::vector<Problem> problems;
  for (const ChangedFile& file : changed) {
    problems.push_back(
        StagedChanged(Code::kCorrupt, "E-staged-changed", "a staged file is not as it was written",
                      file)
            .Hint("remove this file and run `robomerge write` for all ranks again; what is done is "
                  "skipped"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status RewriteChanged(const MergePlan& plan, Transaction& transaction, Run& run,
                      std::vector<Problem>& warnings) {
  if (!plan.record_hashes) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<ChangedFile> changed,
                             run.FindChanged(plan, transaction));
  for (const ChangedFile& file : changed) {
    transaction.done()[file.step].reset();
    warnings.push_back(StagedChanged(
        Code::kCorrupt, "W-staged-changed",
        "a staged file is not as an earlier run has written it, and is written anew", file));
  }
  return Status();
}

Result<bool> HasHashes(const io::FileSystem& file_system, const std::string& root,
                       StaleHashes stale) {
  ROBOMERGE_ASSIGN_OR_RETURN(RecordedHashes hashes, ReadRecordedHashes(file_system, root));
  if (!hashes.are_there || hashes.problems.empty() || stale == StaleHashes::kRenewed)
    return hashes.are_there;
  for (Problem& problem : hashes.problems) {
    problem.kind = "E-record";
    problem.hint = StrCat(
        "put the record back if you have it, or record new hashes, once you have "
        "looked at the files: ",
        RenewalOf(root));
  }
  return Status::Many(std::move(hashes.problems));
}

Status WarnOfLostRecord(const io::FileSystem& file_system, const std::string& root,
                        std::vector<Problem>& warnings) {
  ROBOMERGE_ASSIGN_OR_RETURN(const RecordedHashes hashes, ReadRecordedHashes(file_system, root));
  if (hashes.are_there || hashes.problems.empty()) return Status();
  warnings.push_back(
      Problem(hashes.problems.front())
          .Kind("W-record")
          .Hint(
              "what it said is lost, and hashes too, if it had some: put it back if you have it"));
  return Status();
}

Status CheckRewrittenFiles(const MergePlan& plan, const std::vector<size_t>& steps,
                           StaleHashes stale, Run& run, std::vector<Problem>& warnings) {
  if (!plan.record_hashes) return Status();
  HashesByPath recorded;
  std::map<std::string, std::string> root_of;  // by path
  std::set<std::string> in_part;
  for (const auto& source : plan.sources) {
    if (source == nullptr) continue;
    const std::string& root = source->dataset->root;
    ROBOMERGE_ASSIGN_OR_RETURN(const HashesByPath of_source, ReadByPath(run.file_system(), root));
    if (of_source.empty()) continue;
    for (const auto& [path, hash] : of_source) root_of.emplace(path, root);
    recorded.insert(of_source.begin(), of_source.end());
    AddFilesInPart(*source, in_part);
  }
  std::vector<std::string> paths, kept;
  std::set<std::string> seen;
  for (const size_t step : steps) {
    if (std::holds_alternative<CarriedFileStep>(plan.steps[step])) continue;
    const bool is_kept = CopiedSourceOf(plan, plan.steps[step]).has_value();
    for (const std::string& path : FilesOfStep(plan, plan.steps[step])) {
      if (recorded.contains(path) && seen.insert(path).second)
        (is_kept ? kept : paths).push_back(path);
    }
  }
  StaleFiles files(stale);
  const auto hold = [&](const std::vector<std::string>& some) -> Status {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> found, run.HashFiles(some));
    for (size_t at = 0; at < some.size(); ++at) {
      files.Hold(some[at], root_of.at(some[at]), recorded.at(some[at]), found[at],
                 in_part.contains(some[at])
                     ? "a file has changed since its hash was recorded, and a part of it goes into "
                       "the result"
                     : "");
    }
    return Status();
  };
  ROBOMERGE_RETURN_NOT_OK(hold(paths));
  // Those that stay as they are get their hash when they are written. A refusal names them now.
  if (files.has_problems()) ROBOMERGE_RETURN_NOT_OK(hold(kept));
  return files.Take(warnings);
}

Status CheckMetadata(const MergePlan& plan, StaleHashes stale, Run& run,
                     std::vector<Problem>& warnings) {
  if (!plan.record_hashes) return Status();
  const std::string& root = RootOf(plan, 0);
  ROBOMERGE_ASSIGN_OR_RETURN(const RecordedHashes recorded,
                             ReadRecordedHashes(run.file_system(), root));
  for (const Problem& problem : recorded.problems) {
    if (stale == StaleHashes::kRenewed) warnings.push_back(Problem(problem).Kind("W-hash"));
  }
  // Data and videos are held against their hashes by themselves, as files that go along are.
  std::set<std::string> others;
  const Origin origin = OriginOf(*plan.sources.front());
  for (const SourceFile& file : origin.files) {
    if (!file.path.starts_with("meta/")) others.insert(file.path);
  }
  for (const Step& step : plan.steps) {
    if (const auto* carried = std::get_if<CarriedFileStep>(&step); carried && carried->source == 0)
      others.insert(carried->source_path);
  }
  std::vector<std::string> paths;
  std::vector<const RecordedHash*> hashes;
  for (const RecordedHash& hash : recorded.files) {
    if (others.contains(hash.path)) continue;
    hashes.push_back(&hash);
    paths.push_back(io::JoinPath(root, hash.path));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> found,
                             run.HashFiles(paths, HashMissing::kIsEmpty));
  StaleFiles files(stale);
  for (size_t at = 0; at < paths.size(); ++at) {
    files.Hold(paths[at], root, hashes[at]->sha256, found[at],
               found[at].empty() ? "a file that was written is not there, and has no hash any more"
                                 : "a file has changed since its hash was recorded, and what it "
                                   "says now is taken");
  }
  return files.Take(warnings);
}

Status CheckKeptFiles(const io::FileSystem& file_system, const MergePlan& plan,
                      const UnitsDone& done, StaleHashes stale, std::vector<Problem>& warnings) {
  if (!plan.record_hashes) return Status();
  std::map<uint32_t, HashesByPath> recorded;
  StaleFiles files(stale);
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    const auto* carried = std::get_if<CarriedFileStep>(&plan.steps[step]);
    const std::optional<uint32_t> source =
        carried != nullptr ? carried->source : CopiedSourceOf(plan, plan.steps[step]);
    if (!source || !done[step] || plan.sources[*source] == nullptr) continue;
    const std::string& root = RootOf(plan, *source);
    if (!recorded.contains(*source)) {
      ROBOMERGE_ASSIGN_OR_RETURN(recorded[*source], ReadByPath(file_system, root));
    }
    const std::string path = SourceFilesOf(plan, plan.steps[step]).front();
    const auto hash = recorded[*source].find(path);
    if (hash == recorded[*source].end()) continue;
    files.Hold(path, root, hash->second, done[step]->sha256,
               carried != nullptr
                   ? "a small file has changed since its hash was recorded, and gets a new one"
                   : "");
  }
  return files.Take(warnings);
}

Status CheckRecordedHashes(const MergePlan& plan, const std::string& root, Run& run) {
  ROBOMERGE_ASSIGN_OR_RETURN(const RecordedHashes hashes,
                             ReadRecordedHashes(run.file_system(), root));
  if (!hashes.problems.empty()) return Status::Many(hashes.problems);
  std::set<std::string> with_hash;
  for (const RecordedHash& hash : hashes.files) with_hash.insert(hash.path);
  for (const std::string& path : PathsOf(plan)) {
    if (!HasRecordedHash(path) || with_hash.contains(path)) continue;
    return Problem(Code::kCorrupt, "the record has no hash of this file")
        .Kind("E-hash")
        .At(io::JoinPath(root, path));
  }
  ROBOMERGE_RETURN_NOT_OK(run.Start());
  std::vector<std::string> paths;
  for (const RecordedHash& hash : hashes.files) paths.push_back(io::JoinPath(root, hash.path));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> found,
                             run.HashFiles(paths, HashMissing::kIsEmpty));
  std::vector<Problem> problems;
  for (size_t at = 0; at < paths.size(); ++at) {
    if (found[at] == hashes.files[at].sha256) continue;
    problems.push_back(Problem(Code::kCorrupt, "the file is not as it was written")
                           .Kind("E-hash")
                           .At(paths[at])
                           .Expected(StrCat("SHA-256 ", hashes.files[at].sha256))
                           .Found(found[at].empty() ? "no file" : found[at]));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Result<bool> HaveSameHashes(const io::FileSystem& file_system, const std::string& left,
                            const std::string& right) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json of_left, ReadRecord(file_system, left));
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json of_right, ReadRecord(file_system, right));
  return of_left.value(kHashesField, json::Json()) == of_right.value(kHashesField, json::Json());
}

// If this is killed before the record is there, `verify` finds the file, and whoever replaces it
// once more mends the record.
Status RefreshHash(io::FileSystem& file_system, const std::string& root, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(json::Json record, ReadRecord(file_system, root));
  if (!record.contains(kHashesField) || !record.at(kHashesField).is_array()) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string hash,
                             Sha256OfFile(file_system, io::JoinPath(root, path)));
  const std::string line = HashLine(hash, path);
  const std::string end = line.substr(hash.size());
  bool is_there = false;
  for (json::Json& one : record.at(kHashesField)) {
    if (!one.is_string()) continue;
    const auto& text = one.get_ref<const std::string&>();
    if (text.size() != line.size() || !text.ends_with(end)) continue;
    if (text == line) return Status();
    one = line;
    is_there = true;
  }
  if (!is_there) record.at(kHashesField).push_back(line);
  const std::string record_path = io::JoinPath(root, std::string(RecordStep::kPath));
  io::RemoveTemporaries(file_system, record_path);
  WholeFileSystem whole_files(file_system, /*sync_folders=*/true);
  const std::string text = json::Dump(record);
  return io::WriteNewFile(whole_files, record_path, std::as_bytes(std::span(text)), /*sync=*/true);
}

}  // namespace robomerge
