// A dataset becomes several: an edit for each split, in a folder that appears by one rename.
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <set>

#include "base/fingerprint.h"
#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "io/descriptor_limit.h"
#include "merge/on_file_system.h"
#include "merge/run.h"
#include "model/adaptation.h"
#include "publish/dataset_folder.h"
#include "publish/destination.h"
#include "publish/exchange.h"
#include "publish/preflight.h"
#include "publish/space.h"
#include "schedule/executor.h"
#include "schedule/parallel_for.h"
#include "verify/read_record.h"

namespace robomerge {
namespace {

// Of a hundred, in millionths.
constexpr uint64_t kOnePercent = 1'000'000;
constexpr uint64_t kAll = 100 * kOnePercent;
constexpr size_t kMostNameBytes = 100;
constexpr uint64_t kRoomForMetadata = uint64_t{64} << 20;

struct Part {
  std::string name;
  std::vector<size_t> episodes;  ///< positions in the dataset, ascending
};

Problem WrongInto(std::string what, std::string expected, const std::string& found) {
  return Problem(Code::kInvalidArgument, std::move(what))
      .Kind("E-value")
      .Expected(std::move(expected))
      .Found(StrCat("`", found, "`"));
}

// "80%", "33.3%", in millionths of a hundred.
std::optional<uint64_t> ParsePercent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  const std::string_view decimals = text.substr(std::min(point + 1, text.size()));
  if (digits.empty() || decimals.size() > 6 || (point < text.size() && decimals.empty()))
    return std::nullopt;
  digits += std::string(decimals) + std::string(6 - decimals.size(), '0');
  uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number == 0 || number > kAll)
    return std::nullopt;
  return number;
}

bool IsNameOfFolder(const std::string& name) {
  return IsPlainPath(name) && name.find('/') == std::string::npos && !name.starts_with(".") &&
         name.size() <= kMostNameBytes;
}

Status CheckInto(const SplitRules& rules) {
  if (!rules.into.empty() + rules.by_task + rules.by_source != 1) {
    return Problem(Code::kInvalidArgument, "a split goes by one thing")
        .Kind("E-flag")
        .Expected("--into NAME=EPISODES for each split, --by-task or --by-source");
  }
  std::vector<Problem> problems;
  std::set<std::string> names;
  size_t num_percents = 0;
  uint64_t percents = 0;
  for (const Rule& into : rules.into) {
    if (!IsNameOfFolder(into.name)) {
      problems.push_back(WrongInto("the name of a split is the name of a folder",
                                   "at most 100 bytes, without `/` and no `.` in front",
                                   into.name.substr(0, kMostNameBytes)));
    } else if (!names.insert(into.name).second) {
      problems.push_back(WrongInto("two splits of one name", "a name for each", into.name));
    }
    const bool is_percent = into.value.ends_with('%');
    num_percents += is_percent ? 1 : 0;
    const std::optional<uint64_t> percent = ParsePercent(into.value);
    percents += percent.value_or(0);
    if (is_percent ? !percent : !ParseEpisodes(into.value).ok()) {
      problems.push_back(WrongInto(StrCat("split `", into.name, "` does not say which episodes"),
                                   "episodes as 0-39,50 or 80-, or a part as 80%", into.value));
    }
  }
  if (num_percents != 0 && num_percents != rules.into.size()) {
    problems.push_back(Problem(Code::kInvalidArgument, "some splits are parts, others episodes")
                           .Kind("E-value")
                           .Expected("all as 80%, or all as 0-39"));
  }
  if (percents > kAll) {
    problems.push_back(Problem(Code::kInvalidArgument, "splits are more than the whole")
                           .Kind("E-value")
                           .Expected("100% in all, at most"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

// Cuts where the sums of the parts say, so that parts of a hundred leave nothing out.
std::vector<Part> PartsOfHundred(const std::vector<Rule>& into, size_t num_episodes) {
  std::vector<Part> parts;
  uint64_t sum = 0;
  size_t first = 0;
  for (const Rule& rule : into) {
    sum += ParsePercent(rule.value).value_or(0);
    const size_t end = num_episodes * sum / kAll;
    Part& part = parts.emplace_back(Part{rule.name, {}});
    for (; first < end; ++first) part.episodes.push_back(first);
  }
  return parts;
}

Result<std::vector<Part>> PartsByNumbers(const std::vector<Rule>& into, const Dataset& dataset) {
  std::vector<Problem> problems;
  std::map<uint64_t, size_t> positions;
  for (size_t at = 0; at < dataset.episodes.size(); ++at)
    positions.emplace(dataset.episodes[at].number, at);
  std::vector<const Rule*> taken(dataset.episodes.size(), nullptr);
  std::vector<Part> parts;
  for (const Rule& rule : into) {
    Part& part = parts.emplace_back(Part{rule.name, {}});
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<EpisodeRange> ranges, ParseEpisodes(rule.value));
    for (const EpisodeRange& range : ranges) {
      const uint64_t end = range.last.value_or(range.first);
      if (!positions.contains(range.first) || !positions.contains(end)) {
        problems.push_back(
            Problem(Code::kInvalidArgument, StrCat("split `", rule.name, "` has no such episode"))
                .Kind("E-rule")
                .At(dataset.root)
                .Expected(StrCat("episodes from ", positions.begin()->first, " to ",
                                 positions.rbegin()->first))
                .Found(EpisodesText({range})));
        continue;
      }
      for (auto at = positions.find(range.first);
           at != positions.end() && range.Contains(at->first); ++at) {
        const Rule*& other = taken[at->second];
        if (other != nullptr) {
          problems.push_back(Problem(Code::kInvalidArgument, "an episode is in two splits")
                                 .Kind("E-rule")
                                 .At(dataset.root)
                                 .Expected("each in one")
                                 .Found(StrCat("episode ", at->first, " in `", other->name,
                                               "` and `", rule.name, "`")));
          break;
        }
        other = &rule;
        part.episodes.push_back(at->second);
      }
    }
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return parts;
}

// A name of a folder for tasks: their letters and digits, joined by `_`.
std::string NameForTasks(const std::vector<std::string>& tasks) {
  std::string name;
  for (const char letter : Join(tasks, " and ")) {
    const unsigned char byte = static_cast<unsigned char>(letter);
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    const bool is_kept =
        (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || byte >= 0x80;
    if (is_upper || is_kept)
      name += is_upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  constexpr size_t kMost = 60;
  size_t end = std::min(name.size(), kMost);
  // Not within a character of UTF-8.
  while (end < name.size() && end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
    --end;
  while (end > 0 && name[end - 1] == '_') --end;
  return end == 0 ? "no_task" : name.substr(0, end);
}

// In the order in which they occur first. Names that are taken get a number.
std::vector<Part> PartsByTask(const Dataset& dataset) {
  std::map<std::vector<std::string>, size_t> part_of;
  std::set<std::string> names;
  std::vector<Part> parts;
  for (size_t at = 0; at < dataset.episodes.size(); ++at) {
    std::vector<std::string> tasks = dataset.episodes[at].tasks;
    std::sort(tasks.begin(), tasks.end());
    const auto [found, is_new] = part_of.emplace(tasks, parts.size());
    if (is_new) {
      const std::string base = NameForTasks(tasks);
      std::string name = base;
      for (size_t number = 2; !names.insert(name).second; ++number)
        name = StrCat(base, "_", number);
      parts.push_back({name, {}});
    }
    parts[found->second].episodes.push_back(at);
  }
  return parts;
}

Result<std::vector<Part>> PartsBySource(const io::FileSystem& file_system, const Dataset& dataset) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<RecordedSource> sources,
                             RecordedSourcesOf(file_system, dataset.root));
  std::set<std::string> names;
  std::vector<Part> parts;
  size_t first = 0;
  for (const RecordedSource& source : sources) {
    if (source.num_episodes > dataset.episodes.size() - first) {
      first = 0;  // not a record of these episodes
      break;
    }
    std::string name = source.name;
    if (!name.empty() && !IsNameOfFolder(name)) {
      return Problem(Code::kInvalidArgument,
                     StrCat("the name of a source, `", name, "`, is no name of a folder"))
          .Kind("E-rule")
          .At(io::JoinPath(dataset.root, std::string(RecordStep::kPath)))
          .Hint("name the splits by their episodes (--into); `robomerge log` has the numbers");
    }
    if (name.empty() || names.contains(name)) name = StrCat("source_", &source - sources.data());
    for (size_t number = 2; !names.insert(name).second; ++number)
      name = StrCat("source_", &source - sources.data(), "_", number);
    Part part{name, {}};
    for (const size_t end = first + source.num_episodes; first < end; ++first)
      part.episodes.push_back(first);
    if (!part.episodes.empty()) parts.push_back(std::move(part));
  }
  if (first == dataset.episodes.size() && !parts.empty()) return parts;
  return Problem(Code::kInvalidArgument, "the dataset does not say from which sources it is")
      .Kind("E-rule")
      .At(io::JoinPath(dataset.root, std::string(RecordStep::kPath)))
      .Expected(StrCat("the record of a merge, of ", dataset.episodes.size(), " episodes"))
      .Hint("split it by episodes (--into) or by tasks (--by-task)");
}

Result<std::vector<Part>> PartsOf(const io::FileSystem& file_system, const SplitRules& rules,
                                  const Dataset& dataset) {
  if (rules.by_task) return PartsByTask(dataset);
  if (rules.by_source) return PartsBySource(file_system, dataset);
  Result<std::vector<Part>> parts = rules.into.front().value.ends_with('%')
                                        ? PartsOfHundred(rules.into, dataset.episodes.size())
                                        : PartsByNumbers(rules.into, dataset);
  if (!parts.ok()) return parts;
  std::vector<Problem> problems;
  for (const Part& part : *parts) {
    if (!part.episodes.empty()) continue;
    problems.push_back(Problem(Code::kInvalidArgument, StrCat("split `", part.name, "` is empty"))
                           .Kind("E-nothing-selected")
                           .At(dataset.root)
                           .Expected("at least one episode")
                           .Found(StrCat("none of ", dataset.episodes.size())));
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return parts;
}

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
    ROBOMERGE_RETURN_NOT_OK(CheckInto(rules_));
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
  Result<std::vector<Part>> ReadParts() {
    Run run(file_system_, options_, progress_.Of(parts_.size()), stop_);
    ROBOMERGE_RETURN_NOT_OK(run.Start());
    ROBOMERGE_ASSIGN_OR_RETURN(const Partial root, run.ReadAndReduce({source_}));
    const std::vector<std::shared_ptr<const DescribedSource>> sources = root.sources.Flatten();
    read_ = sources.front()->dataset;
    const Dataset& dataset = *read_;
    num_episodes_ = std::max<uint64_t>(1, dataset.episodes.size());
    ROBOMERGE_ASSIGN_OR_RETURN(std::vector<Part> parts, PartsOf(file_system_, rules_, dataset));
    for (Part& part : parts) {
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
    for (const Part& part : parts_) num_episodes += part.episodes.size();
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
    for (const Part& part : parts_) names.push_back(part.name);
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
    for (const Part& part : parts_) num_chosen += part.episodes.size();
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
    for (const Part& part : parts_) names.insert(part.name);
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
  std::vector<Part> parts_;
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
