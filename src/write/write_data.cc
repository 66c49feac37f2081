#include <map>

#include "base/text.h"
#include "formats/parquet/file_splice.h"
#include "model/text_columns.h"
#include "write/shared_indexes.h"
#include "write/write_internal.h"

namespace robomerge::write_internal {
namespace {

// A source file of the step.
struct Input {
  uint32_t source = 0;
  uint32_t data_file = 0;
  std::shared_ptr<SourceTable> table;
};

class DataWriter {
 public:
  DataWriter(const WriteContext& context, std::string name, StepEpisodes episodes,
             SharedIndexes& indexes)
      : context_(context),
        plan_(*context.plan),
        name_(std::move(name)),
        episodes_(episodes),
        indexes_(indexes) {}

  /// Writes all but the payload that is copied.
  Result<UnfilledFile> Run() {
    for (uint64_t number = 0; number < episodes_.num; ++number)
      ROBOMERGE_RETURN_NOT_OK(AddEpisode(episodes_.first + number));
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::DestinationSchema* schema, indexes_.Schema());
    UnfilledFile data;
    data.name = name_;
    data.sync = context_.sync;
    data.one_worker = context_.one_worker;
    ROBOMERGE_ASSIGN_OR_RETURN(
        data.output, context_.file_system->Create(io::JoinPath(context_.directory, data.name),
                                                  context_.sharing));
    std::vector<parquet::SpliceSource> sources;
    for (const Input& input : inputs_)
      sources.push_back({input.table->file.get(), &input.table->footer, &input.table->pictures,
                         plan_.sources[input.source]->dataset->column_changes.get()});
    parquet::SpliceOptions options;
    options.alignment_bytes = context_.alignment_bytes;
    options.leaves_copies = true;
    Result<parquet::SpliceReport> spliced =
        parquet::WriteSplice(sources, row_groups_, *schema, options, *data.output);
    // A user knows the file by its place in the dataset, not in the staging folder.
    if (!spliced.ok()) return spliced.status().While("writing " + data.name);
    parquet::SpliceReport report = std::move(spliced).value();
    data.written.mode =
        report.num_chunks_decoded > 0 ? ReportedFile::Mode::kEncode : ReportedFile::Mode::kSplice;
    data.written.size_bytes = report.file_size_bytes;
    data.written.moved = report.raw;
    data.written.encoded_bytes = report.encoded_bytes;
    data.ranges = std::move(report.left_to_copy);
    for (Input& input : inputs_) data.sources.push_back(input.table->file);
    return data;
  }

 private:
  Result<Input*> InputOf(uint32_t source, uint32_t data_file) {
    const auto [entry, is_new] = position_.try_emplace({source, data_file}, inputs_.size());
    if (!is_new) return &inputs_[entry->second];
    ROBOMERGE_ASSIGN_OR_RETURN(std::shared_ptr<SourceTable> table,
                               indexes_.Table(source, data_file));
    inputs_.push_back({source, data_file, std::move(table)});
    return &inputs_.back();
  }

  Status AddEpisode(uint64_t episode) {
    const PlannedEpisode& planned = plan_.episodes[episode];
    const DescribedSource& described = *plan_.sources[planned.source];
    const DataPlace& place = described.data_places[planned.source_episode];
    const auto range_of = [&](uint32_t data_file, uint64_t first_row,
                              uint64_t num_rows) -> Result<parquet::RowRange> {
      ROBOMERGE_ASSIGN_OR_RETURN(const Input* input, InputOf(planned.source, data_file));
      return parquet::RowRange{static_cast<uint32_t>(input - inputs_.data()), first_row, num_rows};
    };
    parquet::RowGroupSource row_group;
    ROBOMERGE_ASSIGN_OR_RETURN(
        const parquet::RowRange first,
        range_of(place.data_file, place.rows->first_row, place.rows->num_rows));
    row_group.source_index = first.source_index;
    row_group.first_row = first.first_row;
    row_group.num_rows = first.num_rows;
    for (const RowsElsewhere& part : place.rows->more) {
      ROBOMERGE_ASSIGN_OR_RETURN(const parquet::RowRange range,
                                 range_of(part.data_file, part.first_row, part.num_rows));
      row_group.more.push_back(range);
    }
    // An edit, which has one source and leaves nothing out, may add features.
    row_group.first_value = planned.first_frame;
    row_group.replaced.emplace_back("episode_index",
                                    parquet::Int64Run{static_cast<int64_t>(episode), 0});
    row_group.replaced.emplace_back(
        "index", parquet::Int64Run{static_cast<int64_t>(planned.first_frame), 1});
    ROBOMERGE_ASSIGN_OR_RETURN(parquet::Int64Values tasks,
                               NewNumbers(row_group, "task_index", place.rows->task_frames,
                                          plan_.task_maps[planned.source]));
    row_group.replaced.emplace_back("task_index", std::move(tasks));
    for (const TextColumn& column : plan_.text_columns) {
      // Where reading did not count them, each row is looked at.
      const NumberFrames* known = TextFramesOf(*described.dataset, *place.rows, column.name);
      const std::string in_source(
          parquet::SourceColumnOf(described.dataset->column_changes.get(), column.name)
              .value_or(column.name));
      ROBOMERGE_ASSIGN_OR_RETURN(
          parquet::Int64Values texts,
          NewNumbers(row_group, in_source, known != nullptr ? *known : NumberFrames(),
                     column.is_of_subtasks ? plan_.subtask_maps[planned.source]
                                           : plan_.task_maps[planned.source]));
      row_group.replaced.emplace_back(column.name, std::move(texts));
    }
    if (place.rows->is_retimed) {
      row_group.progressions = {{"frame_index"},
                                {"timestamp", plan_.rate.denominator, plan_.rate.numerator}};
    }
    row_group.shift = ShiftOf(*described.dataset, *place.rows);
    row_groups_.push_back(std::move(row_group));
    return Status();
  }

  // What becomes of the numbers of a column by `map`. `known`: which there are.
  Result<parquet::Int64Values> NewNumbers(const parquet::RowGroupSource& row_group,
                                          const std::string& column, const NumberFrames& known,
                                          const std::vector<uint32_t>& map) {
    if (known.size() == 1) {
      const auto old = static_cast<size_t>(known.front().first);
      if (known.front().first < 0 || old >= map.size())
        return ChangedProblem(row_group.first(), column, row_group.first_row, known.front().first);
      return parquet::Int64Values(parquet::Int64Run{map[old], 0});
    }
    std::vector<int64_t> numbers;
    ROBOMERGE_RETURN_NOT_OK(AddNumbers(row_group.first(), column, map, numbers));
    for (const parquet::RowRange& range : row_group.more)
      ROBOMERGE_RETURN_NOT_OK(AddNumbers(range, column, map, numbers));
    return parquet::Int64Values(std::move(numbers));
  }

  Problem ChangedProblem(const parquet::RowRange& range, const std::string& column, uint64_t row,
                         int64_t found) const {
    return Problem(Code::kCorrupt, "source file has changed since it was read")
        .Kind("E-source-changed")
        .At(StrCat(inputs_[range.source_index].table->file->path(), ": ", column, ", row ", row))
        .Found(std::to_string(found));
  }

  Status AddNumbers(const parquet::RowRange& range, const std::string& column,
                    const std::vector<uint32_t>& map, std::vector<int64_t>& numbers) {
    SourceTable& table = *inputs_[range.source_index].table;
    std::optional<std::vector<int64_t>>& old_numbers = table.numbers[column];
    if (!old_numbers) {
      ROBOMERGE_ASSIGN_OR_RETURN(old_numbers,
                                 parquet::ReadInt64Column(*table.file, table.footer, column));
    }
    for (uint64_t row = range.first_row; row < range.first_row + range.num_rows; ++row) {
      const int64_t old = row < old_numbers->size() ? (*old_numbers)[row] : -1;
      if (old < 0 || old >= static_cast<int64_t>(map.size()))
        return ChangedProblem(range, column, row, old);
      numbers.push_back(map[static_cast<size_t>(old)]);
    }
    return Status();
  }

  const WriteContext& context_;
  const MergePlan& plan_;
  const std::string name_;
  const StepEpisodes episodes_;
  SharedIndexes& indexes_;
  std::vector<Input> inputs_;
  std::map<std::pair<uint32_t, uint32_t>, size_t> position_;
  std::vector<parquet::RowGroupSource> row_groups_;
};

}  // namespace

Status WriteData(const WriteContext& context, const Step& step, SharedIndexes& indexes,
                 schedule::Spawner& spawner, WrittenCallback written) {
  const MergePlan& plan = *context.plan;
  const PlannedEpisode& first = plan.episodes[DataEpisodesOf(step)->first];
  if (CopiedSourceOf(plan, step)) {
    const DescribedSource& source = *plan.sources[first.source];
    const DataFile& file =
        source.dataset->data_files[source.data_places[first.source_episode].data_file];
    return LinkOrCopy(
        context, PathOf(plan, step), first.source,
        std::make_shared<io::PooledFile>(*context.sources, file.path, file.size_bytes), spawner,
        std::move(written));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(
      UnfilledFile data,
      DataWriter(context, PathOf(*context.plan, step), *DataEpisodesOf(step), indexes).Run());
  return FillAndClose(std::move(data), spawner, std::move(written));
}

}  // namespace robomerge::write_internal
