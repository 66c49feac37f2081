// A dataset becomes several: an edit for each split, in a folder that appears by one rename.
#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/fingerprint.h"
#include "base/foreign_file.h"
#include "base/text.h"
#include "io/descriptor_limit.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "merge/split_parts.h"
#include "model/adaptation.h"
#include "publish/dataset_folder.h"
#include "publish/destination.h"
#include "publish/exchange.h"
#include "publish/preflight.h"
#include "publish/space.h"
#include "schedule/executor.h"
#include "schedule/parallel_for.h"

namespace robomerge {
namespace {

constexpr uint64_t kRoomForMetadata = uint64_t{64} << 20;

// The progress of several edits at once as that of one.
class JointProgress {
 public:
  explicit JointProgress(const ProgressCallback& callback) : callback_(callback) {}

  ProgressCallback Of(size_t part) {
    if (!callback_) return callback_;
    return [this, part](const MergeProgress& progress) {
      const std::lock_guard lock(mutex_);
      parts_[part] = progress;
      MergeProgress all;
      std::string stage;  // of the first one under way
      for (const auto& [number, one] : parts_) {
        if (stage.empty() && one.stage != "publish") stage = one.stage;
        all.num_sources = std::max(all.num_sources, one.num_sources);
        all.num_sources_read = std::max(all.num_sources_read, one.num_sources_read);
        all.planned_bytes += one.planned_bytes;
        all.moved_bytes += one.moved_bytes;
        all.num_files += one.num_files;
        all.num_files_written += one.num_files_written;
      }
      all.stage = stage.empty() ? progress.stage : stage;
      if (!all.stage.empty()) callback_(all);
    };
  }

 private:
  const ProgressCallback& callback_;
  std::mutex mutex_;
  std::map<size_t, MergeProgress> parts_;  // guarded by mutex_
};

class SplitRun {
 public:
  SplitRun(io::FileSystem& file_system, const std::string& source, const SplitRules& rules,
           const MergeOptions& options, bool verify, const ProgressCallback& progress,
           const std::atomic<bool>* stop)
      : file_system_(file_system),
        source_(source),
        rules_(rules),
        options_(options),
        verify_(verify),
        progress_(progress),
        stop_(stop) {}

  Result<std::vector<VerifiedMerge>> Into(const std::string& directory) {
    ROBOMERGE_RETURN_NOT_OK(CheckSplitRules(rules_));
    ROBOMERGE_ASSIGN_OR_RETURN(directory_, CleanDestination(directory));
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> roots,
                               RealPaths(file_system_, {source_}));
    ROBOMERGE_ASSIGN_OR_RETURN(tree_, ListTree(file_system_, roots.front()));
    ROBOMERGE_ASSIGN_OR_RETURN(parts_, ReadParts());
    ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system_, directory_));
    if (exists) return TakeWhatIsThere();
    ROBOMERGE_RETURN_NOT_OK(CheckDestination(file_system_, directory_, {source_}, options_));
    if (options_.dry_run) {
      ROBOMERGE_RETURN_NOT_OK(MakeAll(directory_, options_));
      ROBOMERGE_RETURN_NOT_OK(CheckSpaceFor(SizeOf(made_)));
      return std::move(made_);
    }
    Result<DatasetFolder> folder =
        DatasetFolder::Begin(file_system_, directory_, Id(roots.front()), options_.sync);
    ROBOMERGE_RETURN_NOT_OK(folder.status());
    std::vector<Problem> left = folder->OtherStagingWarnings();
    ROBOMERGE_RETURN_NOT_OK(folder->Settle(MakeAndPublish(*folder, roots.front()), kRunAgain));
    for (Problem& warning : left) made_.front().merge.warnings.push_back(std::move(warning));
    return std::move(made_);
  }

 private:
  Result<std::vector<SplitPart>> ReadParts() {
    Run run(file_system_, options_, progress_.Of(parts_.size()), stop_);
    ROBOMERGE_RETURN_NOT_OK(run.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run.ReadAndReduce({source_}));
    const std::vector<std::shared_ptr<const DescribedSource>> sources = root.sources.Flatten();
    read_ = sources.front()->dataset;
    const Dataset& dataset = *read_;
    num_episodes_ = std::max<uint64_t>(1, dataset.episodes.size());
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<SplitPart> parts,
                               SplitPartsOf(file_system_, rules_, dataset));
    for (SplitPart& part : parts) {
      std::sort(part.episodes.begin(), part.episodes.end());
      std::vector<uint64_t> numbers;
      for (const size_t at : part.episodes) numbers.push_back(dataset.episodes[at].number);
      std::sort(numbers.begin(), numbers.end());
      lists_.push_back(EpisodesText(RangesOf(numbers)));
    }
    return parts;
  }

  // What decides the bytes of all datasets, and the state of the source.
  std::string Id(const std::string& root) const {
    Fingerprint id;
    id.Add(root);
    id.Add(NameOf(options_.stats));
    for (size_t part = 0; part < parts_.size(); ++part) {
      id.Add(parts_[part].name);
      id.Add(lists_[part]);
    }
    for (const SourceFile& file : tree_) {
      id.Add(file.path);
      id.Add(file.size_bytes);
      id.Add(file.modified_ns);
    }
    return id.Hex();
  }

  // The datasets below `directory`, which says where they are to be in the end. Several at once:
  // the beginning and the end of each leave workers idle.
  Status MakeAll(const std::string& directory, const MergeOptions& options) {
    // Each opens sources and a file a worker, as a merge does.
    constexpr size_t kDescriptorsOfEach = 64;
    made_.resize(parts_.size());
    const int num_workers =
        options.num_workers == 0 ? schedule::UsableCores() : options.num_workers;
    const size_t most = std::max<size_t>(1, io::FreeDescriptors() / kDescriptorsOfEach);
    ROBOMERGE_ASSIGN_OR_RETURN(
        const std::unique_ptr<schedule::Executor> executor,
        schedule::MakeExecutor(std::min(num_workers, static_cast<int>(most))));
    uint64_t num_episodes = 0;
    for (const SplitPart& part : parts_) num_episodes += part.episodes.size();
    std::vector<schedule::Item> items;
    for (size_t part = 0; part < parts_.size(); ++part) {
      const uint64_t share = executor->num_workers() == 1
                                 ? num_workers
                                 : num_workers * parts_[part].episodes.size() / num_episodes;
      schedule::Item& item = items.emplace_back();
      item.name = "split " + parts_[part].name;
      item.bytes = parts_[part].episodes.size();
      item.body = [=, &directory, &options, this](schedule::Spawner&) {
        MergeOptions of_part = options;
        of_part.num_workers = std::max(1, static_cast<int>(share));
        return Make(part, directory, of_part);
      };
    }
    return schedule::ParallelFor(*executor, std::move(items), {});
  }

  Status Make(size_t part, const std::string& directory, const MergeOptions& options) {
    SourceSpec source(source_);
    source.adaptation.episodes = lists_[part];
    source.read = read_;
    const std::string& name = parts_[part].name;
    Result<VerifiedMerge> made = EditOn(file_system_, source, io::JoinPath(directory, name),
                                        EditOptions(), options, verify_, progress_.Of(part), stop_,
                                        /*way_on=*/"");
    ROBOMERGE_RETURN_NOT_OK(made.status());
    made->merge.destination = io::JoinPath(directory_, name);
    if (made->is_published) made->verification.destination = made->merge.destination;
    made_[part] = std::move(made).value();
    return Status();
  }

  Status MakeAndPublish(DatasetFolder& folder, const std::string& root) {
    ROBOMERGE_RETURN_NOT_OK(CheckFits(folder.directory()));
    ROBOMERGE_RETURN_NOT_OK(MakeAll(folder.directory(), options_));
    if (!std::ranges::all_of(made_, &VerifiedMerge::is_published)) {
      for (VerifiedMerge& made : made_) made.is_published = false;
      return Status();
    }
    ROBOMERGE_RETURN_NOT_OK(CheckTree(file_system_, root, source_, tree_));
    std::vector<std::string> names;
    for (const SplitPart& part : parts_) names.push_back(part.name);
    return folder.Publish(names);
  }

  static uint64_t SizeOf(const std::vector<VerifiedMerge>& made) {
    uint64_t num_bytes = 0;
    for (const VerifiedMerge& one : made) num_bytes += one.merge.size_bytes;
    return num_bytes;
  }

  Status CheckSpaceFor(uint64_t num_bytes) const {
    // Each dataset looks for itself how much of it are links.
    if (options_.copy_mode == CopyMode::kLink) return Status();
    return CheckSpace(file_system_, {source_}, directory_, options_.copy_mode, num_bytes);
  }

  // Whether there is room for all of them: each looks for itself alone. Only where the size of the
  // source leaves the question open, they are laid out to the byte.
  Status CheckFits(const std::string& directory) {
    uint64_t num_bytes = 0, num_chosen = 0;
    for (const SourceFile& file : tree_) num_bytes += file.size_bytes;
    for (const SplitPart& part : parts_) num_chosen += part.episodes.size();
    const uint64_t ample_bytes =
        2 * num_bytes * ((num_chosen - 1) / num_episodes_ + 1) + kRoomForMetadata;
    if (CheckSpaceFor(ample_bytes).ok()) return Status();
    MergeOptions dry = options_;
    dry.dry_run = true;
    ROBOMERGE_RETURN_NOT_OK(MakeAll(directory, dry));
    // Of an earlier run.
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<SourceFile> there,
                               ListTree(file_system_, directory));
    uint64_t bytes_there = 0;
    for (const SourceFile& file : there) bytes_there += file.size_bytes;
    const uint64_t size_bytes = SizeOf(made_);
    made_.clear();
    return CheckSpaceFor(size_bytes - std::min(size_bytes, bytes_there));
  }

  // A run that was killed, or the user, has made this very split, or it is something else.
  Result<std::vector<VerifiedMerge>> TakeWhatIsThere() {
    const auto there = file_system_.List(directory_);
    std::set<std::string> names;
    for (const SplitPart& part : parts_) names.insert(part.name);
    if (!there.ok() || std::set<std::string>(there->begin(), there->end()) != names)
      return Problem(Code::kAlreadyExists, "destination exists already, and is not this split")
          .Kind("E-destination-exists")
          .At(directory_)
          .Expected(StrCat("a new folder; it will hold ", Join({names.begin(), names.end()}, ", ")))
          .Hint("choose another destination, or remove this one");
    const Status taken = MakeAll(directory_, options_);
    if (!taken.ok()) {
      std::vector<Problem> problems = taken.problems();
      for (Problem& problem : problems) {
        if (problem.kind == "E-destination-exists")
          problem.hint = "choose another destination, or remove " + ShellWord(directory_);
      }
      return Status::Many(std::move(problems));
    }
    if (!options_.dry_run) DatasetFolder::RemoveLeftLock(file_system_, directory_);
    return std::move(made_);
  }

  io::FileSystem& file_system_;
  const std::string& source_;
  const SplitRules& rules_;
  const MergeOptions& options_;
  const bool verify_;
  JointProgress progress_;
  const std::atomic<bool>* stop_;
  std::string directory_;
  std::vector<SourceFile> tree_;
  std::shared_ptr<const Dataset> read_;  // the source
  uint64_t num_episodes_ = 1;            // of the source
  std::vector<SplitPart> parts_;
  std::vector<std::string> lists_;  // the episodes of each part, as the source numbers them
  std::vector<VerifiedMerge> made_;
};

}  // namespace

Result<std::vector<VerifiedMerge>> SplitOn(io::FileSystem& file_system, const std::string& source,
                                           const std::string& directory, const SplitRules& rules,
                                           const MergeOptions& options, bool verify,
                                           const ProgressCallback& progress,
                                           const std::atomic<bool>* stop) {
  Result<std::vector<VerifiedMerge>> made =
      SplitRun(file_system, source, rules, options, verify, progress, stop).Into(directory);
  if (made.ok()) return made;
  return made.status().OfKind(DefaultKind(made.status().code()));
}

}  // namespace robomerge
