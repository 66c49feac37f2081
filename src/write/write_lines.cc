// The metadata of v2.1: one JSON object per line, as Python's jsonlines writes them (format spec
// 6.1).
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/json/json.h"
#include "write/episode_statistics.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

using json::Json;

// Written in parts, since a file of statistics may be larger than anything else in memory.
constexpr size_t kPartBytes = size_t{1} << 20;

class LinesFile {
 public:
  LinesFile(const WriteContext& context, std::string_view path)
      : context_(context), path_(io::JoinPath(context.directory, std::string(path))) {}

  Status Open() {
    ROBOMERGE_ASSIGN_OR_RETURN(output_, context_.file_system->Create(path_, context_.sharing));
    return Status();
  }
  Status AddLine(std::string_view line) {
    text_ += line;
    text_ += '\n';
    return text_.size() >= kPartBytes ? Flush() : Status();
  }
  Result<WrittenFile> Close() {
    ROBOMERGE_RETURN_NOT_OK(Flush());
    ROBOMERGE_RETURN_NOT_OK(output_->Close(context_.sync));
    WrittenFile written;
    written.size_bytes = written.encoded_bytes = offset_;
    return written;
  }

 private:
  Status Flush() {
    if (text_.empty()) return Status();
    ROBOMERGE_RETURN_NOT_OK(output_->WriteAt(offset_, std::as_bytes(std::span(text_))));
    offset_ += text_.size();
    text_.clear();
    return Status();
  }

  const WriteContext& context_;
  const std::string path_;
  std::unique_ptr<io::OutputFile> output_;
  std::string text_;
  uint64_t offset_ = 0;
};

// How LeRobot writes the numbers of a statistic: min and max in the type of the feature.
NumberKind KindOfNumbers(const StatColumn& column, const Schema& schema) {
  if (column.stat == "count") return NumberKind::kInteger;
  if (column.stat != "min" && column.stat != "max") return NumberKind::kFloat;
  const Feature* feature = schema.Find(column.feature);
  const std::string dtype = feature != nullptr ? feature->dtype() : "";
  if (dtype == "bool") return NumberKind::kBoolean;
  return dtype.starts_with("int") || dtype.starts_with("uint") ? NumberKind::kInteger
                                                               : NumberKind::kFloat;
}

void AppendNumber(NumberKind kind, double number, std::string& line) {
  const bool is_whole = number == std::floor(number) && std::fabs(number) < 9e15;
  if (kind == NumberKind::kBoolean && (number == 0 || number == 1)) {
    line += number == 1 ? "true" : "false";
  } else if (kind == NumberKind::kInteger && is_whole) {
    line += std::to_string(static_cast<int64_t>(number));
  } else {
    line += FormatDouble(number);
  }
}

// The statistics of one episode as the text of an object: features in the order of the plan, of
// each its statistics in that order.
class StatisticsText {
 public:
  StatisticsText(const MergePlan& plan, const EpisodeCorrections* corrections)
      : statistics_(plan, corrections) {
    // Those without episodes may not be there.
    const auto source = std::find_if(plan.sources.begin(), plan.sources.end(),
                                     [](const auto& one) { return one != nullptr; });
    const Schema schema = source == plan.sources.end() ? Schema() : (*source)->dataset->schema;
    std::map<std::string, size_t> position;
    for (const StatColumn& column : plan.stat_columns) {
      const auto [entry, is_new] = position.try_emplace(column.feature, features_.size());
      if (is_new)
        features_.push_back({json::DumpLine(Json(column.feature)), std::vector<std::string>()});
      columns_.push_back({entry->second, StrCat(json::DumpLine(Json(column.stat)), ": "),
                          KindOfNumbers(column, schema), column.list_depth});
    }
  }

  std::string Of(uint64_t episode) {
    for (auto& [name, values] : features_) values.clear();
    statistics_.Visit(episode, [this](size_t at, std::span<const double> numbers) {
      features_[columns_[at].feature].second.push_back(TextOf(columns_[at], numbers));
    });
    std::string text = "{";
    for (const auto& [name, values] : features_) {
      if (values.empty()) continue;
      if (text.size() > 1) text += ", ";
      text += StrCat(name, ": {", Join(values, ", "), "}");
    }
    return text + "}";
  }

 private:
  struct Column {
    size_t feature = 0;
    std::string name;
    NumberKind kind = NumberKind::kFloat;
    int list_depth = 1;
  };

  // A list of numbers; where lists are deeper, each number is a list of its own in them, as the
  // (C, 1, 1) of cameras.
  static std::string TextOf(const Column& column, std::span<const double> numbers) {
    const auto inner = static_cast<size_t>(column.list_depth - 1);
    std::string text = column.name + "[";
    for (size_t at = 0; at < numbers.size(); ++at) {
      if (at > 0) text += ", ";
      text.append(inner, '[');
      AppendNumber(column.kind, numbers[at], text);
      text.append(inner, ']');
    }
    return text + "]";
  }

  EpisodeStatistics statistics_;
  std::vector<Column> columns_;                                             // as in the plan
  std::vector<std::pair<std::string, std::vector<std::string>>> features_;  // name, statistics
};

}  // namespace

Result<WrittenFile> WriteEpisodesLines(const WriteContext& context, const EpisodesLinesStep& step) {
  const MergePlan& plan = *context.plan;
  LinesFile file(context, step.kPath);
  ROBOMERGE_RETURN_NOT_OK(file.Open());
  for (size_t episode = 0; episode < plan.episodes.size(); ++episode) {
    const PlannedEpisode& planned = plan.episodes[episode];
    const Episode& row = plan.sources[planned.source]->dataset->episodes[planned.source_episode];
    ROBOMERGE_RETURN_NOT_OK(file.AddLine(StrCat("{\"episode_index\": ", episode,
                                                ", \"tasks\": ", json::DumpLine(Json(row.tasks)),
                                                ", \"length\": ", row.length_frames, "}")));
  }
  return file.Close();
}

Result<WrittenFile> WriteEpisodesStats(const WriteContext& context, const EpisodesStatsStep& step) {
  const MergePlan& plan = *context.plan;
  LinesFile file(context, step.kPath);
  ROBOMERGE_RETURN_NOT_OK(file.Open());
  StatisticsText statistics(plan, context.corrections);
  for (size_t episode = 0; episode < plan.episodes.size(); ++episode) {
    ROBOMERGE_RETURN_NOT_OK(file.AddLine(
        StrCat("{\"episode_index\": ", episode, ", \"stats\": ", statistics.Of(episode), "}")));
  }
  return file.Close();
}

Result<WrittenFile> WriteTasksLines(const WriteContext& context, const TasksLinesStep& step) {
  LinesFile file(context, step.kPath);
  ROBOMERGE_RETURN_NOT_OK(file.Open());
  const std::vector<std::string>& tasks = context.plan->tasks;
  for (size_t task = 0; task < tasks.size(); ++task) {
    ROBOMERGE_RETURN_NOT_OK(file.AddLine(
        StrCat("{\"task_index\": ", task, ", \"task\": ", json::DumpLine(Json(tasks[task])), "}")));
  }
  return file.Close();
}

}  // namespace robomerge::write_internal
