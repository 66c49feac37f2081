#include "verify/verify.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>

#include "base/text.h"
#include "model/partial.h"
#include "model/text_columns.h"
#include "read/read.h"
#include "read/read_source.h"
#include "schedule/executor.h"
#include "schedule/parallel_for.h"
#include "schedule/shared_loop.h"
#include "verify/checks.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

using namespace verify_internal;

// How much of a data file one part checks: enough to be worth a part, and little enough for a
// single large file to keep all workers busy.
constexpr uint64_t kPartBytes = uint64_t{16} << 20;
constexpr uint64_t kPartRows = 50'000;

// Tells the caller the progress, in one call at a time.
class ProgressObserver final : public schedule::Observer {
 public:
  explicit ProgressObserver(const ProgressCallback& callback) : callback_(callback) {}

  void Finished(const schedule::NodeEvent& event) override {
    if (!callback_) return;
    const std::lock_guard lock(mutex_);
    if (event.category == "read") ++progress_.num_sources_read;
    if (event.category == "verify") progress_.moved_bytes += event.bytes;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_told_ < std::chrono::milliseconds(100)) return;
    last_told_ = now;
    callback_(progress_);
  }

  void Enter(const std::string& stage, uint64_t num_sources, uint64_t planned_bytes,
             uint64_t num_files) {
    const std::lock_guard lock(mutex_);
    progress_.stage = stage;
    progress_.num_sources = num_sources;
    progress_.planned_bytes = planned_bytes;
    progress_.num_files = num_files;
    if (callback_) callback_(progress_);
  }

 private:
  const ProgressCallback& callback_;
  std::mutex mutex_;
  MergeProgress progress_;                           // guarded by mutex_
  std::chrono::steady_clock::time_point last_told_;  // guarded by mutex_
};

// A data file that is open while its parts are checked.
struct OpenDataFile {
  std::unique_ptr<io::RandomAccessFile> file;
  parquet::Footer footer;
};

class VerifyRun {
 public:
  VerifyRun(const io::FileSystem& file_system, const std::string& destination,
            const std::vector<SourceSpec>& sources, const VerifyOptions& options,
            const ProgressCallback& progress, const std::atomic<bool>* stop,
            std::vector<FeatureProfile>* profiles)
      : file_system_(file_system),
        destination_(destination),
        sources_(sources),
        observer_(progress),
        hash_findings_(options.most_findings),
        findings_(options.most_findings),
        profiles_(profiles) {
    case_.options = options;
    case_.is_profiled = profiles != nullptr;
    case_.is_retimed = std::any_of(sources.begin(), sources.end(), [](const SourceSpec& source) {
      return source.adaptation.retime || !source.adaptation.trim.empty();
    });
    if (stop != nullptr) parallel_.stop = schedule::StopToken::Watching(*stop);
    parallel_.observer = &observer_;
  }

  Result<VerifyReport> Run() {
    const auto start = std::chrono::steady_clock::now();
    report_.destination = destination_;
    report_.num_sources = sources_.size();
    if (case_.options.num_workers < 0) {
      return Problem(Code::kInvalidArgument, "num_workers is negative")
          .Kind("E-options")
          .Found(std::to_string(case_.options.num_workers));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(executor_, schedule::MakeExecutor(case_.options.num_workers));
    report_.num_workers = executor_->num_workers();
    ROBOMERGE_ASSIGN_OR_RETURN(hashes_, ReadRecordedHashes(file_system_, destination_));
    for (const Problem& problem : hashes_.problems) hash_findings_.Add(FromProblem(problem));
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_readable, Read());
    ROBOMERGE_RETURN_NOT_OK(is_readable ? Check() : CheckHashesAlone());
    report_.is_complete = is_readable;
    // Which file is damaged comes before what follows from it.
    hash_findings_.Append(std::move(findings_));
    report_.num_findings = hash_findings_.num_findings();
    report_.findings = std::move(hash_findings_.findings());
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(report_);
  }

 private:
  // Returns false if the destination contradicts itself. Its problems are then the findings, and
  // nothing else can be checked.
  Result<bool> Read() {
    observer_.Enter("read", sources_.size() + 1, 0, 0);
    std::vector<Result<Dataset>> read(sources_.size() + 1, Result<Dataset>(Dataset{}));
    std::vector<schedule::Item> items;
    for (size_t at = 0; at < read.size(); ++at) {
      const std::string& root = at == 0 ? destination_ : sources_[at - 1].location;
      schedule::Item item;
      item.name = "read " + root;
      item.category = "read";
      item.body = [this, &read, &root, at](schedule::Spawner&) {
        ReadOptions options;
        options.for_each = schedule::SharedLoop(*executor_);
        read[at] = at == 0 ? ReadDataset(file_system_, root, options)
                           : ReadSource(file_system_, sources_[at - 1], options.for_each);
        return Status();
      };
      items.push_back(std::move(item));
    }
    ROBOMERGE_RETURN_NOT_OK(schedule::ParallelFor(*executor_, std::move(items), parallel_));
    std::vector<Problem> problems;
    for (size_t at = 1; at < read.size(); ++at) {
      const Status status = read[at].status();
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const bool is_explained,
                               problems.empty() ? IsExplained(read.front().status()) : false);
    if (!read.front().ok() && !IsFinding(read.front().status()) && !is_explained) {
      const Status status = read.front().status();
      problems.insert(problems.begin(), status.problems().begin(), status.problems().end());
    }
    if (!problems.empty()) return Status::Many(std::move(problems));
    if (!read.front().ok()) {
      for (const Problem& problem : read.front().status().problems())
        findings_.Add(FromProblem(problem));
      return false;
    }
    case_.destination.dataset = std::move(read.front()).value();
    ROBOMERGE_ASSIGN_OR_RETURN(case_.stats, RecordedStatsMode(file_system_, destination_));
    // What a merge mends in a source is wrong in a result. Of these there are checks of their own.
    static const std::set<std::string> kChecked = {"W-task-twice", "W-stray-file",
                                                   "W-unfinished-file", "W-episode-index",
                                                   "W-stats-count"};  // v2.0 has no counts
    for (const Problem& warning : case_.destination.dataset.warnings) {
      if (warning.code == Code::kCorrupt && !kChecked.contains(warning.kind))
        findings_.Add(FromProblem(warning));
    }
    case_.sources.resize(sources_.size());
    for (size_t at = 0; at < sources_.size(); ++at) {
      case_.sources[at].dataset = std::move(read[at + 1]).value();
      case_.sources[at].is_selected = sources_[at].adaptation.selects();
      case_.sources[at].is_unadapted = sources_[at].adaptation.empty();
      PlaceRows(case_.sources[at]);
    }
    PlaceRows(case_.destination);
    FindTextColumns();
    return true;
  }

  // The columns that a merge of these sources numbers anew.
  void FindTextColumns() {
    std::vector<const Dataset*> sources;
    TaskTable tasks, subtasks;
    for (const Subject& subject : case_.sources) {
      const Dataset& source = subject.dataset;
      sources.push_back(&source);
      for (size_t task = 0; task < source.tasks.size(); ++task) {
        if (source.IsTaskUsed(task)) tasks.Add(source.tasks[task]);
      }
      for (size_t subtask = 0; subtask < source.subtasks.size(); ++subtask) {
        if (source.IsSubtaskUsed(subtask)) subtasks.Add(source.subtasks[subtask]);
      }
    }
    const auto map = [](const std::vector<std::string>& texts, const TaskTable& table) {
      std::vector<uint32_t> numbers;
      for (const std::string& text : texts) {
        const auto entry = table.index.find(text);
        numbers.push_back(entry == table.index.end() ? 0 : entry->second);
      }
      return numbers;
    };
    std::vector<std::vector<uint32_t>> task_maps, subtask_maps;
    for (const Dataset* source : sources) {
      task_maps.push_back(map(source->tasks, tasks));
      subtask_maps.push_back(map(source->subtasks, subtasks));
    }
    const TextMaps maps = {&task_maps, &subtask_maps};
    case_.text_columns = ChangedTextColumns(sources, maps);
    const std::optional<Unfollowed> unfollowed = UnfollowedSubtasks(sources, maps);
    if (unfollowed) {
      findings_.Add(Say("V-subtasks", "a merge cannot give the column its new numbers",
                        StrCat(case_.destination.dataset.root, "/meta/info.json: features[\"",
                               kSubtaskIndex, "\"]"),
                        "dtype int64 and shape [1]", unfollowed->reason));
    }
  }

  // Whether the problems are contradictions within a dataset. If false, it could not be read at
  // all.
  static bool IsFinding(const Status& status) {
    return std::all_of(status.problems().begin(), status.problems().end(),
                       [](const Problem& problem) {
                         return problem.code == Code::kCorrupt && problem.kind != "E-info" &&
                                problem.kind != "E-version" && problem.kind != "E-features";
                       });
  }

  // Whether a dataset that cannot be read at all has a file that is not as it was written: that is
  // what is wrong with it then.
  Result<bool> IsExplained(const Status& status) {
    if (status.ok() || IsFinding(status)) return false;
    const bool is_of_system = status.code() == Code::kIo || status.code() == Code::kCancelled ||
                              status.code() == Code::kInternal;
    if (is_of_system) return false;
    ROBOMERGE_RETURN_NOT_OK(CheckHashesAlone());
    return std::ranges::any_of(
        checked_hashes_, [](const CheckedHash& checked) { return checked.finding.has_value(); });
  }

  // They say which file is damaged even where the damage lets nothing else be read.
  Status CheckHashesAlone() {
    if (!checked_hashes_.empty()) return Status();
    std::vector<schedule::Item> items;
    AddHashItems({}, items);
    ROBOMERGE_RETURN_NOT_OK(RunItems(std::move(items)));
    GatherHashes();
    return Status();
  }

  // `counted`: files whose bytes are counted by other items.
  void AddHashItems(const std::set<std::string>& counted, std::vector<schedule::Item>& items) {
    checked_hashes_.resize(hashes_.files.size());
    for (size_t at = 0; at < hashes_.files.size(); ++at) {
      const std::string path = io::JoinPath(destination_, hashes_.files[at].path);
      const Result<io::FileStat> stat = file_system_.Stat(path);
      schedule::Item item;
      item.name = "hash " + path;
      item.category = "verify";
      item.bytes = stat.ok() && !counted.contains(path) ? stat->size_bytes : 0;
      item.body = [this, at](schedule::Spawner&) -> Status {
        ROBOMERGE_ASSIGN_OR_RETURN(checked_hashes_[at],
                                   CheckHash(file_system_, destination_, hashes_.files[at]));
        return Status();
      };
      items.push_back(std::move(item));
    }
  }

  void GatherHashes() {
    for (const CheckedHash& checked : checked_hashes_) {
      report_.num_hashed_files += checked.is_hashed ? 1 : 0;
      if (checked.finding) hash_findings_.Add(*checked.finding);
    }
  }

  Status RunItems(std::vector<schedule::Item> items) {
    uint64_t num_bytes = 0;
    for (const schedule::Item& item : items) num_bytes += item.bytes;
    observer_.Enter("verify", sources_.size() + 1, num_bytes, items.size());
    report_.checked_bytes = num_bytes;
    return schedule::ParallelFor(*executor_, std::move(items), parallel_);
  }

  Status Check() {
    const Dataset& dataset = case_.destination.dataset;
    report_.num_episodes = dataset.episodes.size();
    if (case_.has_sources()) PairEpisodes(case_, findings_);
    ROBOMERGE_RETURN_NOT_OK(Tolerate(CheckStructure(file_system_, case_, findings_), findings_));
    ROBOMERGE_RETURN_NOT_OK(CheckStrayFiles(file_system_, dataset, findings_));
    if (case_.has_sources())
      ROBOMERGE_RETURN_NOT_OK(
          Tolerate(CheckAgainstSources(file_system_, case_, findings_), findings_));
    columns_ = NumericColumns(case_);
    MakeParts();
    CheckAllHaveHashes(dataset, hashes_, hash_findings_);
    std::vector<schedule::Item> items;
    std::set<std::string> counted;
    for (uint32_t file = 0; file < dataset.data_files.size(); ++file)
      items.push_back(DataItem(file));
    for (const DataFile& file : dataset.data_files) counted.insert(file.path);
    for (size_t key = 0; key < dataset.video_keys.size(); ++key) {
      for (uint32_t file = 0; file < dataset.video_keys[key].files.size(); ++file) {
        frames_.emplace_back(case_.options.most_findings);
        items.push_back(VideoItem(key, file, frames_.size() - 1));
        if (case_.has_sources()) counted.insert(dataset.video_keys[key].files[file].path);
      }
    }
    AddHashItems(counted, items);
    ROBOMERGE_RETURN_NOT_OK(RunItems(std::move(items)));
    return Gather();
  }

  // Turns what is wrong with the destination's bytes into findings. Errors of the system, and
  // problems of a source, are returned.
  static Status Tolerate(const Status& status, FindingList& findings) {
    const auto is_no_finding = [](const Problem& problem) {
      return problem.code == Code::kIo || problem.code == Code::kCancelled ||
             problem.code == Code::kInternal || !problem.source.empty();
    };
    if (std::any_of(status.problems().begin(), status.problems().end(), is_no_finding))
      return status;
    for (const Problem& problem : status.problems()) findings.Add(FromProblem(problem));
    return Status();
  }

  void MakeParts() {
    const std::vector<DataFile>& files = case_.destination.dataset.data_files;
    for (uint32_t file = 0; file < files.size(); ++file) {
      first_parts_.push_back(parts_.size());
      RowsPart part;
      part.data_file = file;
      uint64_t num_bytes = 0, num_rows = 0;
      for (size_t at = 0; at < files[file].episodes.size(); ++at) {
        ++part.count;
        num_bytes += files[file].episodes[at].uncompressed_bytes;
        num_rows += files[file].episodes[at].num_rows;
        if (num_bytes < kPartBytes && num_rows < kPartRows && at + 1 < files[file].episodes.size())
          continue;
        parts_.push_back(part);
        part.first = at + 1;
        part.count = 0;
        num_bytes = num_rows = 0;
      }
    }
    first_parts_.push_back(parts_.size());
    rows_.assign(parts_.size(), RowsResult(case_.options.most_findings));
  }

  schedule::Item DataItem(uint32_t file) {
    const DataFile& data = case_.destination.dataset.data_files[file];
    schedule::Item item;
    item.name = "verify " + data.path;
    item.category = "verify";
    item.bytes = data.size_bytes;
    item.body = [this, file, &data](schedule::Spawner& spawner) -> Status {
      auto opened = std::make_shared<OpenDataFile>();
      ROBOMERGE_ASSIGN_OR_RETURN(opened->file, file_system_.OpenForReading(data.path));
      ROBOMERGE_ASSIGN_OR_RETURN(opened->footer, parquet::Footer::Read(*opened->file));
      std::vector<schedule::Item> spawned;
      for (size_t part = first_parts_[file]; part < first_parts_[file + 1]; ++part) {
        schedule::Item one;
        one.name = StrCat("verify ", data.path, ", episodes from ", parts_[part].first);
        one.category = "verify";
        one.bytes = data.size_bytes / (first_parts_[file + 1] - first_parts_[file]);
        one.body = [this, part, opened](schedule::Spawner&) {
          RowsResult& result = rows_[part];  // one slot per part, so no lock
          const Status status = CheckRows(file_system_, case_, columns_, parts_[part],
                                          *opened->file, opened->footer, result);
          result.is_complete = status.ok();
          return Tolerate(status.OfKind("E-data-file"), result.findings);
        };
        spawned.push_back(std::move(one));
      }
      spawner.Spawn(std::move(spawned));
      return Status();
    };
    return item;
  }

  // Without sources only the indexes of videos are read, so no bytes are counted.
  schedule::Item VideoItem(size_t key, uint32_t file, size_t slot) {
    const VideoFile& video = case_.destination.dataset.video_keys[key].files[file];
    schedule::Item item;
    item.name = "verify " + video.path;
    item.category = "verify";
    item.bytes = case_.has_sources() ? video.stream.file_size_bytes : 0;
    item.body = [this, key, file, slot](schedule::Spawner&) {
      FramesResult& result = frames_[slot];
      return Tolerate(CheckFrames(file_system_, case_, key, file, result), result.findings);
    };
    return item;
  }

  // Appends all findings in the order of the dataset.
  Status Gather() {
    RowMoments moments;
    moments.all.resize(columns_.size()), moments.finite.resize(columns_.size());
    bool is_complete = true;
    GatherHashes();
    for (RowsResult& result : rows_) {
      is_complete = is_complete && result.is_complete;
      report_.num_rows += result.num_rows;
      for (size_t column = 0; column < result.moments.all.size(); ++column) {
        Add(moments.all[column], result.moments.all[column]);
        Add(moments.finite[column], result.moments.finite[column]);
      }
      AddProfiles(result.profiles);
      findings_.Append(std::move(result.findings));
    }
    for (FramesResult& result : frames_) {
      report_.num_video_frames += result.num_frames;
      findings_.Append(std::move(result.findings));
    }
    // What is wrong with the statistics of a part of the rows only follows from the rows that could
    // not be decoded.
    if (!is_complete) return Status();
    return verify_internal::CheckStatistics(file_system_, case_, columns_, moments, findings_);
  }

  void AddProfiles(const std::vector<ElementProfiles>& part) {
    if (profiles_ == nullptr) return;
    if (profiles_->empty()) {
      for (const std::string& column : columns_) profiles_->push_back({column, {}});
    }
    for (size_t column = 0; column < std::min(columns_.size(), part.size()); ++column)
      Add((*profiles_)[column].elements, part[column]);
  }

  const io::FileSystem& file_system_;
  const std::string& destination_;
  const std::vector<SourceSpec>& sources_;
  ProgressObserver observer_;
  schedule::ParallelForOptions parallel_;
  std::unique_ptr<schedule::Executor> executor_;
  Case case_;
  VerifyReport report_;
  FindingList hash_findings_;              // of the hashes and their files
  FindingList findings_;                   // of all else
  std::vector<FeatureProfile>* profiles_;  // null: they are not asked for
  std::vector<std::string> columns_;
  std::vector<RowsPart> parts_;
  std::vector<size_t> first_parts_;  // per data file, and one past the end
  std::vector<RowsResult> rows_;
  std::vector<FramesResult> frames_;
  RecordedHashes hashes_;
  std::vector<CheckedHash> checked_hashes_;  // one slot per hash, so no lock
};

Result<VerifyReport> WithKind(Result<VerifyReport> report) {
  if (report.ok()) return report;
  return report.status().OfKind(report.status().code() == Code::kIo          ? "E-io"
                                : report.status().code() == Code::kCancelled ? "E-stopped"
                                                                             : "E-sources");
}

}  // namespace

Result<VerifyReport> VerifyOn(const io::FileSystem& file_system, const std::string& destination,
                              const std::vector<SourceSpec>& sources, const VerifyOptions& options,
                              const ProgressCallback& progress, const std::atomic<bool>* stop) {
  return WithKind(
      VerifyRun(file_system, destination, sources, options, progress, stop, nullptr).Run());
}

Result<VerifyReport> VerifyAndProfileOn(const io::FileSystem& file_system, const std::string& root,
                                        const VerifyOptions& options,
                                        std::vector<FeatureProfile>& profiles,
                                        const ProgressCallback& progress,
                                        const std::atomic<bool>* stop) {
  return WithKind(VerifyRun(file_system, root, {}, options, progress, stop, &profiles).Run());
}

}  // namespace robomerge
