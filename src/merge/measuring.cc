#include "merge/measuring.h"

#include <algorithm>
#include <deque>
#include <map>
#include <span>

#include "base/text.h"
#include "measure/measure.h"
#include "model/adaptation.h"
#include "model/aggregate_statistics.h"
#include "model/source_statistics.h"
#include "model/statistics_text.h"
#include "write/episode_statistics.h"

namespace robomerge {
namespace {

constexpr size_t kMostNamed = 5;

std::string Listed(const std::vector<std::string>& names) {
  const size_t count = std::min(names.size(), kMostNamed);
  std::string text =
      Join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count)}, ", ");
  return names.size() > count ? StrCat(text, " and ", names.size() - count, " more") : text;
}

// Where the numbers of these columns stand in an episode's row, which has none of some of them.
// Returns the first of the numbers; nullptr if there are none.
const double* LayOutRow(const std::vector<StatColumn>& columns, const std::vector<size_t>& wanted,
                        const std::vector<std::span<const double>>& row, FeatureLayout& layout) {
  const double* first = nullptr;
  for (const size_t at : wanted) {
    if (!row[at].empty() && (first == nullptr || row[at].data() < first)) first = row[at].data();
  }
  layout.feature = columns[wanted.front()].feature;
  for (const size_t at : wanted) {
    if (row[at].empty()) continue;
    const NumberKind kind = columns[at].stat == "count" ? NumberKind::kInteger : NumberKind::kFloat;
    layout.statistics.push_back(EntryOf(columns[at], kind,
                                        static_cast<size_t>(row[at].data() - first),
                                        static_cast<uint32_t>(row[at].size())));
  }
  return first;
}

}  // namespace

Measuring::Measuring(const io::FileSystem& file_system, const MergePlan& plan,
                     Transaction& transaction, int num_workers, bool sync)
    : file_system_(file_system),
      plan_(plan),
      transaction_(transaction),
      sync_(sync),
      buffer_bytes_(measure::BufferBytesOf(num_workers)),
      features_(measure::FeaturesToMeasure(SchemaOf(plan), plan.stat_columns)) {
  // Their statistics follow from the plan.
  std::erase_if(features_,
                [&](const measure::FeatureToMeasure& one) { return IsTextColumn(plan, one.name); });
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    if (DataEpisodesOf(plan.steps[step])) data_steps_.push_back(step);
  }
}

Result<std::vector<size_t>> Measuring::Unmeasured(const std::vector<size_t>& steps) const {
  std::vector<size_t> unmeasured;
  for (const size_t step : steps) {
    if (!DataEpisodesOf(plan_.steps[step])) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const bool has_summary, transaction_.HasSummary(step));
    if (!has_summary) unmeasured.push_back(step);
  }
  return unmeasured;
}

uint64_t Measuring::LengthOf(uint64_t episode) const {
  const uint64_t end = episode + 1 < plan_.episodes.size() ? plan_.episodes[episode + 1].first_frame
                                                           : plan_.num_frames;
  return end - plan_.episodes[episode].first_frame;
}

Status Measuring::Measure(size_t step) const {
  const StepEpisodes data = *DataEpisodesOf(plan_.steps[step]);
  const std::string path = io::JoinPath(transaction_.directory(), PathOf(plan_, plan_.steps[step]));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system_.OpenForReading(path));
  measure::RowsToMeasure rows;
  rows.file = file.get();
  rows.features = features_;
  rows.buffer_bytes = buffer_bytes_;
  rows.refuses_damage = true;
  const uint64_t end = data.first + data.num;
  for (uint64_t episode = data.first; episode < end; ++episode) {
    const PlannedEpisode& planned = plan_.episodes[episode];
    rows.episodes.push_back(
        {episode, planned.first_frame - plan_.episodes[data.first].first_frame, LengthOf(episode),
         StatisticsOfEpisode(*plan_.sources[planned.source]->dataset, planned.source_episode)});
  }
  measure::Summary summary;
  summary.plan_id = plan_.id;
  summary.unit = step;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string summary_path, transaction_.SummaryPath(step));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> out,
                             transaction_.files().Create(summary_path, io::Sharing::kForbidden));
  const Status measured = measure::MeasureRows(rows, *out, summary);
  if (!measured.ok() && measured.problems().front().kind == "E-data-columns")
    return AsOfEpisode(measured.problems().front(), summary.episode);
  if (!measured.ok()) return AsOfSource(measured, step);
  return out->Close(sync_);
}

Problem Measuring::AsOfEpisode(Problem problem, uint64_t episode) const {
  const PlannedEpisode& planned = plan_.episodes[episode];
  const DescribedSource& source = *plan_.sources[planned.source];
  const Dataset& dataset = *source.dataset;
  const uint64_t number = dataset.episodes[planned.source_episode].number;
  const DataFile& file = dataset.data_files[source.data_places[planned.source_episode].data_file];
  problem.where = StrCat(file.path, ", episode ", number);
  problem.source = dataset.root;
  problem.hint =
      StrCat("mend these rows, or leave out the episode (--exclude-episodes ", number, ")");
  return problem;
}

// Rows that were moved as they are cannot be decoded because those of a source cannot.
Status Measuring::AsOfSource(const Status& status, size_t step) const {
  if (status.code() != Code::kCorrupt) return status;
  for (const std::string& path : SourceFilesOf(plan_, plan_.steps[step])) {
    const Status decodes = CheckDecodes(file_system_, path);
    if (decodes.ok()) continue;
    if (decodes.code() != Code::kCorrupt) return decodes;
    Problem problem = decodes.problems().front();
    problem.hint = "copy the file again from where it is whole";
    for (const auto& source : plan_.sources) {
      if (source == nullptr) continue;
      const Dataset& dataset = *source->dataset;
      const auto file = std::ranges::find(dataset.data_files, path, &DataFile::path);
      if (file == dataset.data_files.end()) continue;
      std::vector<uint64_t> numbers;
      for (const EpisodeRows& rows : file->episodes) {
        const auto episode = static_cast<size_t>(rows.episode_index);
        if (episode < dataset.episodes.size()) numbers.push_back(dataset.episodes[episode].number);
      }
      std::ranges::sort(numbers);
      problem.source = dataset.root;
      problem.hint += StrCat(", or leave out the episodes in it (--exclude-episodes ",
                             EpisodesText(RangesOf(numbers)), ")");
    }
    return problem;
  }
  return status;
}

Status Measuring::CheckComplete() const {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<size_t> missing, Unmeasured(data_steps_));
  std::vector<Problem> problems;
  for (const size_t step : missing) {
    if (problems.size() == kMostNamed) break;
    problems.push_back(
        Problem(Code::kCorrupt, "rows of a data file are not measured")
            .Kind("E-incomplete")
            .At(io::JoinPath(transaction_.directory(), PathOf(plan_, plan_.steps[step])))
            .Expected("a summary beside the journals")
            .Found("none")
            .Hint("run `robomerge write` for all ranks again; what is done is "
                  "skipped"));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status Measuring::Combine() {
  std::vector<bool> is_known(data_steps_.size());
  const measure::OpenSummaryCall open = [this,
                                         &is_known](size_t number) -> Result<measure::OpenSummary> {
    ROBOMERGE_ASSIGN_OR_RETURN(std::unique_ptr<io::RandomAccessFile> file,
                               transaction_.OpenSummary(data_steps_[number]));
    ROBOMERGE_ASSIGN_OR_RETURN(measure::OpenSummary summary, measure::ReadSummary(std::move(file)));
    if (summary.summary.plan_id != plan_.id || summary.summary.unit != data_steps_[number]) {
      return Problem(Code::kCorrupt, "summary of rows is of another data file or plan")
          .Kind("E-journal-damaged")
          .At(summary.file->path())
          .Hint("remove this file and run `robomerge write` for all ranks again");
    }
    // Each is opened several times.
    if (!is_known[number]) {
      is_known[number] = true;
      for (EpisodeCorrection& one : summary.summary.corrections) {
        if (one.episode < plan_.episodes.size())
          corrections_[one.episode].push_back(std::move(one));
      }
    }
    return summary;
  };
  ROBOMERGE_ASSIGN_OR_RETURN(rows_, measure::Combine(data_steps_.size(), open, plan_.num_frames));
  return Status();
}

// Folds the statistics of the episodes as they are in the result, each weighing as many frames as
// it has. Cameras that some episode does not describe are left out.
std::vector<FeatureStatistics> Measuring::FoldCameras() const {
  const Schema schema = SchemaOf(plan_);
  const std::vector<StatColumn>& columns = plan_.stat_columns;
  struct Camera {
    EpisodesOfFeature episodes;
    std::vector<size_t> columns;
    bool is_usable = true;
  };
  std::vector<Camera> cameras;
  std::map<std::string, size_t> known;
  for (size_t at = 0; at < columns.size(); ++at) {
    const Feature* const feature = schema.Find(columns[at].feature);
    if (feature == nullptr || !feature->is_camera()) continue;
    const auto [entry, is_new] = known.try_emplace(feature->name, cameras.size());
    if (is_new) cameras.push_back({EpisodesOfFeature(*feature, /*by_frames=*/true), {}, true});
    cameras[entry->second].columns.push_back(at);
  }
  if (cameras.empty()) return {};
  std::deque<FeatureLayout> layouts;
  std::vector<const FeatureLayout*> last(cameras.size());
  // Those of cameras are as their source has them: in one row, which stays where it is.
  std::vector<std::span<const double>> row(columns.size());
  write_internal::EpisodeStatistics statistics(plan_, nullptr);
  for (uint64_t episode = 0; episode < plan_.episodes.size(); ++episode) {
    std::ranges::fill(row, std::span<const double>());
    statistics.Visit(episode,
                     [&](size_t at, std::span<const double> numbers) { row[at] = numbers; });
    for (size_t number = 0; number < cameras.size(); ++number) {
      Camera& camera = cameras[number];
      FeatureLayout layout;
      const double* const numbers = LayOutRow(columns, camera.columns, row, layout);
      if (last[number] == nullptr || *last[number] != layout)
        last[number] = &layouts.emplace_back(std::move(layout));
      camera.is_usable =
          camera.is_usable && numbers != nullptr &&
          camera.episodes.Add({last[number], numbers, nullptr, {}}, LengthOf(episode));
    }
  }
  std::vector<FeatureStatistics> whole;
  for (const Camera& camera : cameras) {
    if (camera.is_usable && camera.episodes.size() > 0)
      whole.push_back(camera.episodes.Aggregate());
  }
  return whole;
}

Result<std::string> Measuring::StatsText() const {
  return MeasuredStatisticsText(plan_, rows_.statistics, FoldCameras());
}

// As the user gave it, where this process has read it.
const std::string& Measuring::RootOf(uint32_t source) const {
  return plan_.sources[source] != nullptr ? plan_.sources[source]->dataset->root
                                          : plan_.origins[source].root;
}

std::vector<Problem> Measuring::Warnings() const {
  std::vector<Problem> warnings;
  std::vector<std::string> not_finite, left_out;
  std::string first_reason;
  for (const measure::FeatureFacts& feature : rows_.features) {
    uint64_t num_nan = 0, num_infinite = 0;
    for (const measure::ElementFacts& element : feature.elements)
      num_nan += element.num_nan, num_infinite += element.num_infinite;
    if (!feature.unmeasured.empty()) {
      left_out.push_back("`" + feature.name + "`");
      if (first_reason.empty()) first_reason = left_out.back() + ": " + feature.unmeasured;
    } else if (num_nan + num_infinite > 0) {
      not_finite.push_back(StrCat("`", feature.name, "` (", WithSeparators(num_nan),
                                  " NaN or null, ", WithSeparators(num_infinite), " infinite)"));
    }
  }
  if (!not_finite.empty()) {
    warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("values that are no finite numbers count in no statistic but `count`: ",
                       Listed(not_finite)))
            .Kind("W-not-finite")
            .At(std::string(StatsStep::kPath))
            .Hint("`robomerge inspect SRC --read-data` names the first frame of each element"));
  }
  if (!left_out.empty()) {
    warnings.push_back(
        Problem(Code::kCorrupt, StrCat("rows cannot be measured in ", Listed(left_out),
                                       "; the result has no statistics of it"))
            .Kind("W-stats-left-out")
            .At(std::string(StatsStep::kPath))
            .Found(first_reason));
  }
  // Where nothing was stated nothing was wrong.
  std::vector<std::string> features, sources;
  uint64_t num_episodes = 0;
  const EpisodeCorrection* worst = nullptr;
  const auto add = [](const std::string& name, std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& [episode, all] : corrections_) {
    bool is_wrong = false;
    for (const EpisodeCorrection& one : all) {
      if (one.is_missing) continue;
      is_wrong = true;
      add("`" + one.statistics.feature + "`", features);
      if (worst == nullptr || one.error > worst->error) worst = &one;
    }
    if (is_wrong) add(RootOf(plan_.episodes[episode].source), sources);
    num_episodes += is_wrong ? 1 : 0;
  }
  if (worst == nullptr) return warnings;
  const PlannedEpisode& place = plan_.episodes[worst->episode];
  Problem warning =
      Problem(Code::kCorrupt, StrCat("statistics of ", WithSeparators(num_episodes),
                                     num_episodes == 1 ? " episode" : " episodes",
                                     " are not those of their rows, and are measured instead: ",
                                     Listed(features), "; from ", Listed(sources)))
          .Kind("W-episode-statistics")
          .Source(RootOf(place.source))
          .At(StrCat(RootOf(place.source), ": episode ", place.source_episode, ", `",
                     worst->statistics.feature, "`, ", worst->stat))
          .Expected(
              StrCat(FormatDouble(worst->measured), "   from its rows, element ", worst->element))
          .Found(FormatDouble(worst->stated));
  warnings.push_back(std::move(warning));
  return warnings;
}

}  // namespace robomerge
