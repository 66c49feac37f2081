#include "merge/hashing.h"

#include "base/text.h"
#include "formats/json/json.h"
#include "hash/sha256.h"
#include "io/unique_name.h"
#include "model/recorded_hashes.h"
#include "publish/whole_files.h"
#include "schedule/parallel_for.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

Problem StagedChanged(Code code, const std::string& kind, std::string what,
                      const ChangedFile& file) {
  return Problem(code, std::move(what))
      .Kind(kind)
      .At(file.path)
      .Expected(StrCat("SHA-256 ", file.expected))
      .Found(file.found);
}

}  // namespace

Result<std::vector<ChangedFile>> Run::FindChanged(const MergePlan& plan,
                                                  const Transaction& transaction) {
  std::vector<std::string> found(plan.steps.size());
  std::vector<schedule::Item> items;
  const auto path_of = [&](size_t step) {
    return io::JoinPath(transaction.directory(), PathOf(plan, plan.steps[step]));
  };
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    if (!transaction.done()[step]) continue;
    schedule::Item item;
    item.name = "hash " + PathOf(plan, plan.steps[step]);
    item.category = "hash";
    item.body = [this, &found, &path_of, step](schedule::Spawner&) -> Status {
      ROBOMERGE_ASSIGN_OR_RETURN(found[step], Sha256OfFile(file_system_, path_of(step)));
      return Status();
    };
    items.push_back(std::move(item));
  }
  schedule::ParallelForOptions options;
  options.observer = &observer_;
  options.stop = stop_;
  ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(*executor_, std::move(items), options));
  std::vector<ChangedFile> changed;
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    if (transaction.done()[step] && transaction.done()[step]->sha256 != found[step])
      changed.push_back({step, path_of(step), transaction.done()[step]->sha256, found[step]});
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

Status WarnOfDroppedHashes(const io::FileSystem& file_system, const std::string& root,
                           std::vector<Problem>& warnings) {
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json record, ReadRecord(file_system, root));
  if (!record.contains(kHashesField)) return Status();
  warnings.push_back(
      Problem(Code::kInvalidArgument, "the record had hashes of the files, and has none any more")
          .Kind("W-hashes-dropped")
          .At(io::JoinPath(root, std::string(RecordStep::kPath)))
          .Hint("give `--record-hashes` as well, to have them made of the new files"));
  return Status();
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
