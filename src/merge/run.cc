#include "merge/run.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "adapt/resolve.h"
#include "base/foreign_file.h"
#include "base/text.h"
#include "compare/differences.h"
#include "describe/describe.h"
#include "formats/mp4/movie_splice.h"
#include "measure/measure.h"
#include "merge/hashing.h"
#include "merge/skipping.h"
#include "merge/write_output.h"
#include "model/adaptation.h"
#include "plan/plan.h"
#include "publish/destination.h"
#include "publish/preflight.h"
#include "publish/space.h"
#include "read/read.h"
#include "read/read_source.h"
#include "reduce/combine.h"
#include "reduce/tree.h"
#include "schedule/parallel_for.h"
#include "schedule/shared_loop.h"

namespace robomerge {
namespace {

// The usual block size of file systems that share extents (XFS, btrfs).
constexpr uint64_t kShareAlignmentBytes = 4096;

int64_t NowNs() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

// Ends the disagreements of sources with the flags that settle them, word for word. Whether there
// are any.
bool AddSettlingFlags(const std::vector<SchemaClass>& schemas, std::vector<Problem>& problems) {
  // Of many problems of a kind the first are shown.
  const auto first = std::find_if(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.code == Code::kIncompatible && problem.kind != "E-nothing-left";
  });
  if (first == problems.end()) return false;
  const SettlingFlags settling = FlagsThatSettle(schemas);
  if (settling.flags.empty()) return true;
  AddHint(StrCat(settling.settle_all ? "these flags settle all of it: "
                                     : "these flags settle a part of it: ",
                 Join(settling.flags, " "), "; `robomerge compare` says more"),
          *first);
  return true;
}

Status WithSettlingFlags(const Status& refusal, const std::vector<SchemaClass>& schemas) {
  std::vector<Problem> problems = refusal.problems();
  AddSettlingFlags(schemas, problems);
  return Status::Many(std::move(problems));
}

// Where the first source stays as it is, no flag changes it.
void AddFormOfFirst(const std::string& first, std::vector<Problem>& problems) {
  const auto disagreement = std::ranges::find(problems, Code::kIncompatible, &Problem::code);
  if (disagreement == problems.end()) return;
  AddHint(StrCat("flags change the new sources alone: give them the form of ", ShellWord(first),
                 " (--rename, --drop, --fill, --cast, --pad); `robomerge compare` shows what "
                 "differs"),
          *disagreement);
}

CutVideo CutsOn(const io::FileSystem& file_system) {
  return
      [&file_system](const VideoFile& video,
                     const std::vector<mp4::FrameRange>& wanted) -> Result<std::vector<VideoFile>> {
        ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                                   file_system.OpenForReading(video.path));
        std::vector<VideoFile> parts;
        const Result<mp4::FrameCut> planned = mp4::PlanCut(*file, wanted);
        ROBOMERGE_RETURN_NOT_OK(planned.status().OfKind("E-video-file"));
        const mp4::FrameCut& cut = *planned;
        if (cut.is_whole()) return parts;
        for (mp4::FrameCut& one : cut.SplitAtFileStarts()) {
          VideoFile& part = parts.emplace_back(video);
          ROBOMERGE_ASSIGN_OR_RETURN(part.stream, mp4::SummarizeCut(*file, one));
          part.must_begin_file = one.pieces.front().must_begin_file;
          part.is_cut = true;
          part.cut = std::make_shared<const mp4::FrameCut>(std::move(one));
        }
        return parts;
      };
}

// Of each range a part, which a decoder can begin with.
CutVideo SplitsOn(const io::FileSystem& file_system) {
  return
      [&file_system](const VideoFile& video,
                     const std::vector<mp4::FrameRange>& wanted) -> Result<std::vector<VideoFile>> {
        ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                                   file_system.OpenForReading(video.path));
        Result<mp4::ParsedStream> stream = mp4::ParseStream(*file);
        ROBOMERGE_RETURN_NOT_OK(stream.status().OfKind("E-video-file"));
        mp4::StreamCutter cutter(*file, std::move(stream).value());
        VideoFile part = video;
        part.is_cut = true;
        part.stream.decoder_key.clear();  // a file of its own needs to fit no other
        part.stream.uneven_ticks.clear();
        part.stream.starts_at_zero = true;
        part.stream.start_ticks = 0;
        std::vector<VideoFile> parts;
        parts.reserve(wanted.size());
        for (const mp4::FrameRange& range : wanted) {
          Result<mp4::PlannedCut> planned = cutter.Plan(std::span(&range, 1));
          ROBOMERGE_RETURN_NOT_OK(planned.status().OfKind("E-video-file"));
          const mp4::FrameCut::Piece& piece = planned->cut.pieces.front();
          part.stream.num_frames = piece.num;
          part.stream.num_shown_frames = range.num;
          part.stream.length_ticks = piece.num * part.stream.frame_ticks;
          part.stream.file_size_bytes = cutter.FrameBytes(piece);
          part.cut = std::make_shared<const mp4::FrameCut>(std::move(planned->cut));
          parts.push_back(part);
        }
        return parts;
      };
}

Result<Partial> ReadAndDescribe(const io::FileSystem& file_system, const SourceSpec& source,
                                StatsMode stats, const ForEach& for_each, SharedLayouts& layouts,
                                CodebaseVersion version = CodebaseVersion::kV30) {
  ROBOMERGE_ASSIGN_OR_RETURN(Dataset dataset, ReadSource(file_system, source, for_each));
  for (EpisodeStatisticsBlock& block : dataset.episode_statistics)
    block.layout = layouts.Share(std::move(block.layout));
  const auto shared = std::make_shared<const Dataset>(std::move(dataset));
  const auto measure = [&](const std::vector<std::string>& features) {
    return MeasureEach(file_system, *shared, features);
  };
  return Describe(shared, source, measure, CutsOn(file_system),
                  version == CodebaseVersion::kV21 ? SplitsOn(file_system) : CutVideo(), stats);
}

// The source that a plan means.
SourceSpec SpecOf(const Origin& planned) {
  SourceSpec spec(planned.root);
  spec.name = planned.name;
  spec.adaptation = planned.adaptation;
  return spec;
}

// The disagreements between those sources whose info.json can be read, when others could not be
// described, so that the user learns of everything at once.
std::vector<Problem> DisagreementsOf(const io::FileSystem& file_system,
                                     const std::vector<SourceSpec>& sources,
                                     const std::vector<Problem>& problems) {
  static const std::set<std::string> kAboutInfo = {
      "E-io",       "E-no-dataset",       "E-info",    "E-version",
      "E-features", "E-default-features", "E-template"};
  std::set<std::string> unreadable;
  for (const Problem& problem : problems) {
    if (kAboutInfo.contains(problem.kind)) unreadable.insert(problem.source);
  }
  std::vector<SchemaClass> schemas;
  for (const SourceSpec& source : sources) {
    const std::string& root = source.location;
    if (unreadable.contains(root)) continue;
    Result<Schema> schema = ReadSchema(file_system, root);
    if (!schema.ok() || !AdaptSchema(source.adaptation, root, *schema).ok()) continue;
    std::string fingerprint = schema->Fingerprint();
    const auto known = std::find_if(schemas.begin(), schemas.end(), [&](const SchemaClass& one) {
      return one.fingerprint == fingerprint;
    });
    if (known != schemas.end()) {
      ++known->num_sources;
      continue;
    }
    schemas.push_back({std::make_shared<const Schema>(std::move(schema).value()),
                       std::move(fingerprint), 0, root, 1});
  }
  return Disagreements(schemas);
}

// E-source-changed with the first difference between a source as it was planned and as it is now.
Status CheckUnchanged(const Origin& planned, const Origin& now) {
  const auto changed = [&](const std::string& path, std::string expected, std::string found) {
    return SourceChanged(planned.root, path, std::move(expected), std::move(found));
  };
  for (size_t at = 0; at < std::max(planned.files.size(), now.files.size()); ++at) {
    if (at >= now.files.size())
      return changed(planned.files[at].path, "this file", "no longer part of the dataset");
    if (at >= planned.files.size() || planned.files[at].path != now.files[at].path)
      return changed(now.files[at].path, "no such file", "a new one");
    if (planned.files[at].size_bytes == now.files[at].size_bytes &&
        planned.files[at].modified_ns == now.files[at].modified_ns) {
      continue;
    }
    const auto text = [](const SourceFile& file) {
      return StrCat(WithSeparators(file.size_bytes), " bytes, modified at ", file.modified_ns,
                    " ns");
    };
    return changed(planned.files[at].path, text(planned.files[at]), text(now.files[at]));
  }
  if (planned.metadata_fingerprint != now.metadata_fingerprint ||
      planned.num_episodes != now.num_episodes || planned.num_frames != now.num_frames) {
    return changed("meta", "info.json, tasks and statistics as they were", "other ones");
  }
  return Status();
}

}  // namespace

const char* DefaultKind(Code code) {
  return code == Code::kIo ? "E-io" : code == Code::kCancelled ? "E-stopped" : "E-sources";
}

std::vector<std::string> LocationsOf(const std::vector<SourceSpec>& sources) {
  std::vector<std::string> locations;
  for (const SourceSpec& source : sources) locations.push_back(source.location);
  return locations;
}

std::vector<Output> OutputsOf(const MergeOptions& options, std::vector<Output> first) {
  first.push_back(PageOutput(options.report_path));
  first.push_back({"trace", options.trace_path, true, schedule::kTraceBegin});
  first.push_back({"list of what is left out", options.skipped_path, true, kSkippedBegin});
  return first;
}

void WrittenTotals::Add(const WrittenFile& file) {
  size_bytes += file.size_bytes;
  copied_bytes += file.moved.copied_bytes;
  shared_bytes += file.moved.shared_bytes;
  encoded_bytes += file.encoded_bytes;
}

ReportedFile ReportedFileOf(const MergePlan& plan, const Step& step, const WrittenFile& written) {
  ReportedFile file;
  file.path = PathOf(plan, step);
  file.kind = KindOf(step);
  file.mode = written.mode;
  file.size_bytes = written.size_bytes;
  file.num_episodes = NumEpisodes(step);
  file.sources = SourceFilesOf(plan, step);
  return file;
}

Run::Run(io::FileSystem& file_system, const MergeOptions& options, const ProgressCallback& progress,
         const std::atomic<bool>* stop)
    : file_system_(file_system), options_(options), observer_(progress) {
  if (stop != nullptr) stop_ = schedule::StopToken::Watching(*stop);
}

Status Run::Start() {
  if (executor_ != nullptr) return Status();
  if (options_.num_workers < 0) {
    return Problem(Code::kInvalidArgument, "num_workers is negative")
        .Kind("E-options")
        .Found(std::to_string(options_.num_workers));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(executor_, schedule::MakeExecutor(options_.num_workers));
  num_workers_ = executor_->num_workers();
  return Status();
}

void Run::Enter(const std::string& stage) {
  if (!stages_.empty() && stages_.back().stage == stage) return;
  const auto now = std::chrono::steady_clock::now();
  if (!stages_.empty())
    stages_.back().seconds = std::chrono::duration<double>(now - stage_start_).count();
  stage_start_ = now;
  if (stage.empty()) return;
  stages_.push_back({stage, 0});
  observer_.EnterStage(stage);
}

Status Run::Finish() {
  Enter("");
  if (options_.trace_path.empty()) return Status();
  const std::string trace = observer_.trace().ChromeTraceJson();
  const Status written = WriteOutput(file_system_, options_.trace_path, trace, options_.sync);
  if (written.ok()) return Status();
  const Problem& first = written.problems().front();
  return Problem(Code::kIo, "cannot write the trace; the merge itself is complete")
      .At(options_.trace_path)
      .Found(first.found.empty() ? first.what : first.found);
}

Status Run::WriteSkipped(const std::vector<Skipped>& skipped) {
  if (options_.skipped_path.empty()) return Status();
  return WriteOutput(file_system_, options_.skipped_path, SkippedLines(skipped), options_.sync)
      .While("writing the list of what is left out");
}

Result<std::vector<SourceSpec>> Run::Resolve(std::vector<SourceSpec> sources) {
  std::vector<Problem> problems;
  bool wants_facts = false, wants_tasks = false;
  for (SourceSpec& source : sources) {
    Adaptation& rules = source.adaptation;
    // It needs no other source.
    const bool retimes = rules.retime || options_.retime;
    rules.retime = false;
    if (!rules.empty()) {
      const Result<Adaptation> normal = Normalize(rules);
      const Status status = normal.status().OfSource(source.location);
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
      if (normal.ok()) rules = *normal;
      wants_facts = true;
      wants_tasks = wants_tasks || NeedsTasks(rules);
      if (rules.prefix_tasks && source.name.empty()) {
        problems.push_back(
            Problem(Code::kInvalidArgument, "source has no name to put before tasks")
                .Kind("E-rule")
                .Source(source.location)
                .At("prefix_tasks")
                .Hint("give each source a name: `name` in a recipe, Source(path, name) in Python"));
      }
    }
    rules.retime = retimes;
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  if (!wants_facts) return sources;
  std::vector<std::optional<RuleFacts>> facts(sources.size());
  ROBOMERGE_RETURN_NOT_OK(
      ForEachSource(LocationsOf(sources), "read", "read info of", [&](size_t source) {
        Result<RuleFacts> read = ReadFacts(file_system_, sources[source].location, wants_tasks);
        if (read.ok()) facts[source] = std::move(read).value();  // one slot per source
        return Status();
      }));
  return ResolveRules(std::move(sources), facts, options_.skip_broken != SkipBroken::kNothing);
}

Status Run::ForEachSource(const std::vector<std::string>& locations, const std::string& category,
                          const std::string& what, const std::function<Status(size_t)>& body) {
  std::vector<schedule::Item> items;
  for (size_t source = 0; source < locations.size(); ++source) {
    schedule::Item item;
    item.name = StrCat(what, " ", locations[source]);
    item.category = category;
    item.body = [&body, source](schedule::Spawner&) { return body(source); };
    items.push_back(std::move(item));
  }
  schedule::ParallelForOptions options;
  options.observer = &observer_;
  options.stop = stop_;
  return schedule::ParallelFor(*executor_, std::move(items), options);
}

Result<Partial> Run::ReadAndReduce(const std::vector<SourceSpec>& sources) {
  observer_.SetSources(sources.size());
  Enter("read");
  TreeOptions tree;
  tree.leaf_name = [&](size_t source) { return "describe " + sources[source].location; };
  tree.gather_leaf_errors = true;
  tree.observer = &observer_;
  tree.root_id = &last_node_;
  tree.stop = stop_;
  SharedLayouts layouts;
  const auto read = [&](const SourceSpec& source) {
    return ReadAndDescribe(file_system_, source, options_.stats, schedule::SharedLoop(*executor_),
                           layouts, options_.codebase_version);
  };
  const auto describe = [&](size_t source) {
    return DescribeWhatIsSound(sources[source], options_.skip_broken, read);
  };
  const auto combine = [](Partial&& left, Partial&& right) {
    return Combine(std::move(left), right);
  };
  Result<Partial> root = ReduceTree<Partial>(*executor_, sources.size(), describe, combine, tree);
  if (root.ok() || root.status().code() == Code::kCancelled || StopRequested()) return root;
  if (options_.skip_broken != SkipBroken::kNothing) return root;
  std::vector<Problem> problems = root.status().problems();
  NameTheWayOn(sources.size(), sources.size() - std::min(sources.size(), NumSources(problems)),
               problems);
  const auto rule = std::ranges::find(problems, "E-rule", &Problem::kind);
  if (sources.size() > 1 && rule != problems.end())
    AddHint("a recipe gives each source rules of its own", *rule);
  for (Problem& problem : DisagreementsOf(file_system_, sources, root.status().problems()))
    problems.push_back(std::move(problem));
  return Status::Many(std::move(problems));
}

Result<Partial> Run::LeaveOutOthers(Partial root) {
  const std::vector<SchemaClass> schemas = root.schemas;
  Result<Partial> kept = LeaveOut(std::move(root));
  if (!kept.ok()) return WithSettlingFlags(kept.status(), schemas);
  for (Skipped& one : kept->skipped) {
    if (AddSettlingFlags(schemas, one.reasons)) break;
  }
  ROBOMERGE_RETURN_NOT_OK(WriteSkipped(kept->skipped));
  return kept;
}

Result<std::vector<ListedEpisode>> Run::ListEpisodes(const std::vector<SourceSpec>& sources) {
  std::vector<std::vector<EpisodeChoice>> choices(sources.size());
  SharedLayouts layouts;
  const auto choose = [&](size_t source) -> Status {
    SourceSpec spec = sources[source];
    if (options_.skip_broken != SkipBroken::kNothing) {
      ROBOMERGE_ASSIGN_OR_RETURN(
          const Partial leaf,
          DescribeWhatIsSound(spec, options_.skip_broken, [&](const SourceSpec& one) {
            return ReadAndDescribe(file_system_, one, options_.stats,
                                   schedule::SharedLoop(*executor_), layouts);
          }));
      if (leaf.sources.size() == 0) return Status();
      spec.adaptation = leaf.sources.Flatten().front()->adaptation;
    }
    ROBOMERGE_ASSIGN_OR_RETURN(choices[source],
                               ReadChoices(file_system_, spec, schedule::SharedLoop(*executor_)));
    return Status();
  };
  ROBOMERGE_RETURN_NOT_OK(
      ForEachSource(LocationsOf(sources), "read", "choose episodes of", choose));
  std::vector<ListedEpisode> listed;
  for (size_t source = 0; source < sources.size(); ++source) {
    for (EpisodeChoice& choice : choices[source]) {
      listed.push_back({sources[source].location, choice.episode, choice.num_frames,
                        choice.is_chosen, std::move(choice.reason)});
    }
  }
  return listed;
}

Result<MergePlan> Run::MakePlan(const Partial& root, const std::string& destination,
                                std::vector<std::string> roots, const EditPlan& edit) {
  Enter("plan");
  if (StopRequested()) return Problem(Code::kCancelled, "stopped before the plan was made");
  schedule::NodeEvent event;
  event.id = observer_.ReserveIds(1);
  event.after = {last_node_};
  event.name = event.category = "plan";
  event.last = root.sources.size() - 1;
  event.start_ns = NowNs();
  PlanSite site;
  site.roots = std::move(roots);
  const bool is_laid_out_for_sharing =
      options_.copy_mode == CopyMode::kShare ||
      (options_.copy_mode != CopyMode::kCopy && CanShare(file_system_, RootsOf(root), destination));
  if (is_laid_out_for_sharing) site.alignment_bytes = kShareAlignmentBytes;
  Result<MergePlan> plan = PlanEdit(root, options_, site, edit);
  if (!plan.ok()) {
    std::vector<Problem> problems = plan.status().problems();
    if (edit.keeps_first)
      AddFormOfFirst(destination, problems);
    else
      AddSettlingFlags(root.schemas, problems);
    if (!edit.keeps_first && root.skip_broken == SkipBroken::kNothing) {
      Partial wished = root;
      wished.skip_broken = SkipBroken::kSources;
      const Result<Partial> kept = LeaveOut(std::move(wished));
      if (kept.ok()) NameTheWayOn(root.sources.size(), kept->sources.size(), problems);
    }
    plan = Status::Many(std::move(problems));
  }
  if (plan.ok()) {
    for (Problem& warning : OverlappingSources(file_system_, RootsOf(root)))
      plan->warnings.push_back(std::move(warning));
  }
  event.end_ns = NowNs();
  observer_.Finished(event);
  last_node_ = event.id;
  return plan;
}

Status Run::LoadSources(const std::vector<uint32_t>& numbers, MergePlan& plan) {
  observer_.SetSources(numbers.size());
  Enter("read");
  SharedLayouts layouts;
  std::mutex mutex;
  std::vector<std::string> roots;
  for (const uint32_t number : numbers) roots.push_back(plan.origins[number].root);
  return ForEachSource(roots, "describe", "describe", [&](size_t at) -> Status {
    const uint32_t number = numbers[at];
    const Origin& planned = plan.origins[number];
    ROBOMERGE_ASSIGN_OR_RETURN(
        const Partial leaf,
        ReadAndDescribe(file_system_, SpecOf(planned), plan.stats, schedule::SharedLoop(*executor_),
                        layouts, plan.version));
    std::shared_ptr<const DescribedSource> source = leaf.sources.Flatten().front();
    Origin now = OriginOf(*source);
    ROBOMERGE_RETURN_NOT_OK(CheckUnchanged(planned, now));
    const std::lock_guard lock(mutex);
    // These also know what plan folders do not keep.
    plan.origins[number].files = std::move(now.files);
    plan.origins[number].metadata_files = std::move(now.metadata_files);
    plan.sources[number] = std::move(source);
    return Status();
  });
}

Result<Transaction> Run::Open(const MergePlan& plan, const std::string& destination,
                              const MergeOptions& options, std::optional<InPlace> in_place) {
  Publication publication = PublicationOf(plan, destination, options);
  publication.in_place = std::move(in_place);
  const bool reads_all = plan.record_hashes && options.overwrite;
  publication.check_whole = [this, &plan, reads_all](const std::string& root) {
    SharedLayouts layouts;
    Status status =
        ReadAndDescribe(file_system_, root, StatsMode::kExact, OneByOne, layouts).status();
    return status.ok() && reads_all ? CheckRecordedHashes(plan, root, *this) : status;
  };
  return Transaction::Open(file_system_, std::move(publication));
}

}  // namespace robomerge
