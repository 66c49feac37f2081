#include "inspect/stats.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>

#include "base/text.h"
#include "inspect/notes.h"
#include "inspect/stated_statistics.h"
#include "io/unique_name.h"
#include "measure/measure_dataset.h"
#include "measure/measure_rows.h"
#include "measure/relative_actions.h"
#include "read/read.h"
#include "schedule/executor.h"
#include "schedule/shared_loop.h"

namespace robomerge {
namespace {

// Of the histograms of robomerge/stats.h.
constexpr size_t kNumBins = 8;

// A folder of this process, which is removed with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder(io::FileSystem& file_system, const std::string& parent)
      : file_system_(file_system),
        path_(io::JoinPath(parent, "robomerge-stats-" + io::UniqueName())) {}
  ~ScratchFolder() { static_cast<void>(file_system_.RemoveAll(path_)); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  Status Make() { return file_system_.MakeDirectories(path_); }
  const std::string& path() const { return path_; }

 private:
  io::FileSystem& file_system_;
  const std::string path_;
};

// Tells one call at a time how much of the data files is measured.
class Telling {
 public:
  Telling(const ProgressCallback& callback, const Dataset& dataset) : callback_(callback) {
    progress_.stage = "measure";
    progress_.num_sources = 1;
    for (const DataFile& file : dataset.data_files) progress_.planned_bytes += file.size_bytes;
    if (callback_) callback_(progress_);
  }
  void Measured(const DataFile& file) {
    if (!callback_) return;
    const std::lock_guard lock(mutex_);
    progress_.moved_bytes += file.size_bytes;
    callback_(progress_);
  }

 private:
  const ProgressCallback& callback_;
  std::mutex mutex_;
  MergeProgress progress_;  // guarded by mutex_
};

std::vector<std::string> NamesOf(const Feature* feature, size_t num_elements) {
  const Json names = feature != nullptr && feature->entry.contains("names")
                         ? FlatNames(feature->entry.at("names"))
                         : Json();
  std::vector<std::string> all;
  for (size_t at = 0; at < num_elements; ++at) {
    const bool is_named = names.is_array() && names.size() == num_elements && names[at].is_string();
    all.push_back(is_named ? names[at].get<std::string>() : std::to_string(at));
  }
  return all;
}

verify_internal::Profile ProfileOf(const measure::ElementFacts& facts) {
  verify_internal::Profile profile;
  profile.num_nan = facts.num_nan, profile.num_infinite = facts.num_infinite;
  verify_internal::Moments& finite = profile.finite;
  finite.count = static_cast<double>(facts.num_values);
  finite.min = facts.least, finite.max = facts.greatest;
  if (facts.num_values == 0) return profile;
  finite.mean = facts.sums.Mean(facts.num_values);
  const double deviation = facts.sums.Deviation(facts.num_values);
  finite.squares = deviation * deviation * finite.count;
  return profile;
}

// Puts the measures of actions alone in the place of those that are measured with all features.
void TakeActions(measure::DatasetMeasures actions, measure::DatasetMeasures& measures) {
  const measure::FeatureFacts& facts = actions.rows.features.front();
  const auto at =
      std::ranges::find(measures.rows.features, facts.name, &measure::FeatureFacts::name);
  const auto of_feature =
      std::ranges::find(measures.rows.statistics, facts.name, &FeatureStatistics::feature);
  if (of_feature == measures.rows.statistics.end()) return;  // rows that cannot be measured
  *of_feature = std::move(actions.rows.statistics.front());
  measures.histograms[static_cast<size_t>(at - measures.rows.features.begin())] =
      std::move(actions.histograms.front());
  *at = facts;
}

void AddElements(const Dataset& dataset, const measure::DatasetMeasures& measures,
                 StatsReport& report) {
  size_t next = 0;
  for (size_t at = 0; at < measures.rows.features.size(); ++at) {
    const measure::FeatureFacts& facts = measures.rows.features[at];
    if (!facts.unmeasured.empty()) continue;
    const FeatureStatistics& statistics = measures.rows.statistics[next++];
    const std::vector<std::string> names =
        NamesOf(dataset.schema.Find(facts.name), facts.elements.size());
    for (size_t number = 0; number < facts.elements.size(); ++number) {
      StatsReport::Element& element = report.elements.emplace_back();
      element.feature = facts.name;
      element.name = names[number];
      element.num_values = facts.elements[number].num_values;
      element.num_nan = facts.elements[number].num_nan;
      element.num_infinite = facts.elements[number].num_infinite;
      const std::pair<const char*, double*> fields[] = {
          {"min", &element.min}, {"max", &element.max}, {"mean", &element.mean},
          {"std", &element.std}, {"q01", &element.q01}, {"q10", &element.q10},
          {"q50", &element.q50}, {"q90", &element.q90}, {"q99", &element.q99}};
      for (const auto& [name, value] : fields) *value = statistics.Find(name)->values[number];
      element.histogram = measures.histograms[at][number];
    }
  }
}

// What is missing is not wrong, but nothing can be normalised by it.
void AddMissing(const Dataset& dataset, const measure::DatasetMeasures& measures,
                StatsReport& report) {
  std::vector<std::string> missing;
  for (const FeatureStatistics& measured : measures.rows.statistics) {
    const bool is_stated =
        dataset.statistics &&
        std::ranges::find(*dataset.statistics, measured.feature, &FeatureStatistics::feature) !=
            dataset.statistics->end();
    if (!is_stated) missing.push_back(measured.feature);
  }
  if (missing.empty()) return;
  Finding& note = report.notes.emplace_back();
  note.kind = "N-stats-missing";
  note.what = StrCat("stats.json has no usable statistics of ", missing.size(),
                     missing.size() == 1 ? " feature" : " features");
  note.where = io::JoinPath(report.root, "meta/stats.json");
  note.found = Join(missing, ", ");
}

void AddNotes(const Dataset& dataset, const measure::DatasetMeasures& measures,
              StatsReport& report) {
  std::vector<FeatureProfile> profiles;
  for (const measure::FeatureFacts& facts : measures.rows.features) {
    if (!facts.unmeasured.empty()) {
      Finding& note = report.notes.emplace_back();
      note.kind = "N-not-measured";
      note.what = "rows cannot be measured";
      note.where = io::JoinPath(report.root, "data");
      note.column = facts.name;
      note.found = facts.unmeasured;
      continue;
    }
    FeatureProfile& profile = profiles.emplace_back();
    profile.feature = facts.name;
    for (const measure::ElementFacts& element : facts.elements)
      profile.elements.push_back(ProfileOf(element));
  }
  for (auto notes : {RowNotes, UnitNotes}) {
    for (Finding& note : notes(dataset.schema, report.root, profiles))
      report.notes.push_back(std::move(note));
  }
}

}  // namespace

Result<MeasuredStats> MeasureStatsOf(io::FileSystem& file_system, const std::string& root,
                                     const Dataset& dataset, size_t num_bins,
                                     schedule::Executor& executor, const StatsOptions& options,
                                     const ProgressCallback& progress,
                                     const std::atomic<bool>* stop) {
  MeasuredStats measured;
  StatsReport& report = measured.report;
  report.root = root;
  report.num_episodes = dataset.episodes.size();
  report.num_frames = dataset.num_frames();
  ScratchFolder scratch(file_system, options.tmp_root);
  const Status made = scratch.Make();
  if (!made.ok()) {
    return Problem(Code::kIo, "there is no folder for what is counted meanwhile")
        .Kind("E-io")
        .At(options.tmp_root)
        .Found(made.problems().front().found)
        .Hint("set TMPDIR to a folder that can be written");
  }
  Telling telling(progress, dataset);
  measure::MeasureDatasetOptions how;
  how.num_bins = num_bins;
  how.for_each = schedule::SharedLoop(executor);
  how.buffer_bytes = measure::BufferBytesOf(executor.num_workers());
  how.on_measured = [&telling](const DataFile& file) { telling.Measured(file); };
  how.is_stopped = [stop] { return stop != nullptr && stop->load(); };
  ROBOMERGE_ASSIGN_OR_RETURN(measure::DatasetMeasures measures,
                             measure::MeasureDataset(file_system, dataset, scratch.path(), how));
  if (options.relative_actions.chunk_size > 0) {
    ROBOMERGE_ASSIGN_OR_RETURN(
        measure::DatasetMeasures actions,
        measure::MeasureRelativeActions(
            file_system, dataset, scratch.path(), how,
            {options.relative_actions.chunk_size, options.relative_actions.excluded_joints}));
    TakeActions(std::move(actions), measures);
  }
  AddElements(dataset, measures, report);
  AddNotes(dataset, measures, report);
  AddMissing(dataset, measures, report);
  report.findings = HoldStated(dataset, measures);
  report.num_findings = report.findings.size();
  if (report.findings.size() > options.most_findings) report.findings.resize(options.most_findings);
  measured.schema = dataset.schema;
  measured.statistics = std::move(measures.rows.statistics);
  return measured;
}

Result<MeasuredStats> MeasureStatsOn(io::FileSystem& file_system, const std::string& root,
                                     const StatsOptions& options, const ProgressCallback& progress,
                                     const std::atomic<bool>* stop) {
  const auto start = std::chrono::steady_clock::now();
  if (options.num_workers < 0) {
    return Problem(Code::kInvalidArgument, "num_workers is negative")
        .Kind("E-options")
        .Found(std::to_string(options.num_workers));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const auto executor, schedule::MakeExecutor(options.num_workers));
  ReadOptions reading;
  reading.for_each = schedule::SharedLoop(*executor);
  ROBOMERGE_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(file_system, root, reading));
  ROBOMERGE_ASSIGN_OR_RETURN(
      MeasuredStats measured,
      MeasureStatsOf(file_system, root, dataset, kNumBins, *executor, options, progress, stop));
  measured.report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return measured;
}

}  // namespace robomerge
