#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "base/path.h"
#include "base/text.h"
#include "formats/parquet/compare_rows.h"
#include "model/source_statistics.h"
#include "verify/checks.h"

namespace robomerge::verify_internal {
namespace {

constexpr std::string_view kNumbered[] = {"frame_index", "episode_index", "index", "task_index"};

// A timestamp is k / fps rounded to float32 (format spec 1.8). One more rounding is allowed.
constexpr double kTimestampRounding = 1.0 / (1 << 22);

class RowsCheck {
 public:
  RowsCheck(const io::FileSystem& file_system, const Case& all,
            const std::vector<std::string>& columns, const RowsPart& part,
            const io::RandomAccessFile& file, const parquet::Footer& footer, RowsResult& result)
      : file_system_(file_system),
        all_(all),
        columns_(columns),
        part_(part),
        file_(file),
        footer_(footer),
        result_(result),
        data_(all.destination.dataset.data_files[part.data_file]),
        rate_(all.destination.dataset.schema.frame_rate()),
        statistics_(all.destination.dataset),
        reader_(file, footer, columns) {}

  Status Run() {
    result_.moments.all.resize(columns_.size()), result_.moments.finite.resize(columns_.size());
    if (all_.is_profiled) result_.profiles.resize(columns_.size());
    for (size_t at = part_.first; at < part_.first + part_.count; ++at) {
      const EpisodeRows& rows = data_.episodes[at];
      ROBOMERGE_ASSIGN_OR_RETURN(std::vector<parquet::NumberRows> numbers,
                                 reader_.Read(rows.first_row, rows.num_rows));
      // Only a dataset that no merge made has rows of an episode in several files.
      if (rows.more.empty())
        Numbered(rows, numbers);
      else
        ROBOMERGE_RETURN_NOT_OK(AppendElsewhere(rows, numbers));
      const uint64_t num_rows = rows.total_rows();
      result_.num_rows += num_rows;
      const auto episode = static_cast<uint64_t>(rows.episode_index);
      const bool is_placed = rows.episode_index >= 0 && episode < all_.destination.rows.size() &&
                             all_.destination.rows[episode] == &rows;
      const RowMoments moments = MomentsOf(numbers, rows);
      for (size_t column = 0; column < columns_.size(); ++column) {
        Add(result_.moments.all[column], moments.all[column]);
        Add(result_.moments.finite[column], moments.finite[column]);
      }
      if (!is_placed) continue;
      Shapes(rows, numbers);
      if (!all_.has_sources()) {
        if (rows.more.empty()) Timestamps(rows, Column(numbers, "timestamp"));
        CheckEpisodeStatistics(all_, statistics_, episode, columns_, moments, result_.findings);
      } else if (episode < all_.origins.size()) {
        ROBOMERGE_RETURN_NOT_OK(Against(episode, rows, numbers));
        if (all_.is_measured())
          CheckEpisodeStatistics(all_, statistics_, episode, columns_, moments, result_.findings);
      }
    }
    return Status();
  }

 private:
  // That every row has the elements of its feature's shape, which a footer does not tell where one
  // has more and another less.
  void Shapes(const EpisodeRows& rows, const std::vector<parquet::NumberRows>& numbers) {
    for (size_t column = 0; column < columns_.size() && rows.total_rows() > 0; ++column) {
      const Feature* const feature = all_.destination.dataset.schema.Find(columns_[column]);
      if (feature == nullptr || numbers[column].width == Elements(*feature).first) continue;
      result_.findings.Add(Say(
          "V-data-columns", "a row has not the elements of its feature's shape",
          StrCat(data_.path, ": ", columns_[column], ", from row ", WithSeparators(rows.first_row)),
          StrCat(Elements(*feature).first, " in every row"), {},
          {static_cast<uint64_t>(rows.episode_index), columns_[column], {}}));
    }
  }

  // Of the rows of an episode; its profiles are added to those of the part.
  RowMoments MomentsOf(const std::vector<parquet::NumberRows>& numbers, const EpisodeRows& rows) {
    const uint64_t num_rows = rows.total_rows();
    const auto episode = static_cast<uint64_t>(rows.episode_index);
    RowMoments moments;
    moments.all.resize(columns_.size()), moments.finite.resize(columns_.size());
    for (size_t column = 0; column < columns_.size(); ++column) {
      const auto& [values, width] = std::tie(numbers[column].values, numbers[column].width);
      ElementProfiles profiles;
      for (uint32_t element = 0; element < width; ++element) {
        const Moments all = Moments::Of(values, element, width, num_rows);
        profiles.push_back(Profile::Of(all, values, element, width, num_rows, episode));
        moments.finite[column].push_back(profiles.back().finite);
        // What the record says to be measured is of the finite numbers and nothing else.
        moments.all[column].push_back(all_.is_measured() ? profiles.back().finite : all);
      }
      if (all_.is_profiled) Add(result_.profiles[column], profiles);
    }
    return moments;
  }

  // The rows of the episode that lie in other files, behind those that are read already.
  Status AppendElsewhere(const EpisodeRows& rows, std::vector<parquet::NumberRows>& numbers) {
    for (const RowsElsewhere& part : rows.more) {
      const std::string& path = all_.destination.dataset.data_files[part.data_file].path;
      ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                                 file_system_.OpenForReading(path));
      ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
      parquet::NumberReader reader(*file, footer, columns_);
      ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<parquet::NumberRows> more,
                                 reader.Read(part.first_row, part.num_rows));
      for (size_t column = 0; column < numbers.size(); ++column) {
        if (more[column].width != numbers[column].width) numbers[column].width = 0;
        numbers[column].values.insert(numbers[column].values.end(), more[column].values.begin(),
                                      more[column].values.end());
      }
    }
    return Status();
  }

  const std::vector<double>& Column(const std::vector<parquet::NumberRows>& numbers,
                                    std::string_view name) const {
    static const std::vector<double> kNone;
    const auto found = std::find(columns_.begin(), columns_.end(), name);
    return found == columns_.end() ? kNone
                                   : numbers[static_cast<size_t>(found - columns_.begin())].values;
  }

  std::string Where(std::string_view column, uint64_t row) const {
    return StrCat(data_.path, ": ", column, ", row ", row);
  }

  // Reports the first wrong row of a column.
  template <typename Expected>
  void Check(const EpisodeRows& rows, const std::vector<double>& values, const char* column,
             const char* kind, const char* what, Expected expected) {
    for (uint64_t row = 0; row < std::min<uint64_t>(rows.num_rows, values.size()); ++row) {
      const auto wanted = static_cast<double>(expected(row));
      if (values[row] == wanted) continue;
      result_.findings.Add(Say(kind, what, Where(column, rows.first_row + row),
                               FormatDouble(wanted), FormatDouble(values[row]),
                               {static_cast<uint64_t>(rows.episode_index), column, row}));
      return;
    }
  }

  void Numbered(const EpisodeRows& rows, const std::vector<parquet::NumberRows>& numbers) {
    const uint64_t first_row = all_.destination.first_rows[part_.data_file] + rows.first_row;
    Check(rows, Column(numbers, "index"), "index", "V-index",
          "`index` is not the row's number in the dataset",
          [&](uint64_t row) { return first_row + row; });
    // With sources, frame_index is compared like any other column.
    if (!all_.has_sources()) FrameNumbers(rows, Column(numbers, "frame_index"));
    Check(rows, Column(numbers, "episode_index"), "episode_index", "V-episode-index",
          "rows of an episode carry another number", [&](uint64_t) { return rows.episode_index; });
    Tasks(rows, Column(numbers, "task_index"));
  }

  void FrameNumbers(const EpisodeRows& rows, const std::vector<double>& frames) {
    Check(rows, frames, "frame_index", "V-frame-index",
          "frames of an episode are not numbered 0, 1, 2, ...", [](uint64_t row) { return row; });
  }

  void Tasks(const EpisodeRows& rows, const std::vector<double>& tasks) {
    const Dataset& dataset = all_.destination.dataset;
    const auto episode = static_cast<uint64_t>(rows.episode_index);
    for (uint64_t row = 0; row < tasks.size(); ++row) {
      if (row > 0 && tasks[row] == tasks[row - 1]) continue;
      if (!(tasks[row] >= 0 && tasks[row] < static_cast<double>(dataset.tasks.size()))) {
        result_.findings.Add(Say("V-tasks", "frame names a task that is not in the tasks table",
                                 Where("task_index", rows.first_row + row),
                                 StrCat("0 to ", static_cast<int64_t>(dataset.tasks.size()) - 1),
                                 FormatDouble(tasks[row]), {episode, "task_index", row}));
        return;
      }
      if (all_.has_sources() || episode >= dataset.episodes.size()) continue;
      const std::vector<std::string>& listed = dataset.episodes[episode].tasks;
      const std::string& task = dataset.tasks[static_cast<size_t>(tasks[row])];
      if (std::find(listed.begin(), listed.end(), task) != listed.end()) continue;
      result_.findings.Add(Say("V-tasks", "frame is of a task that its episode does not list",
                               Where("task_index", rows.first_row + row),
                               listed.empty() ? "no task" : "`" + Join(listed, "`, `") + "`",
                               "`" + task + "`", {episode, "task_index", row}));
      return;
    }
  }

  void Timestamps(const EpisodeRows& rows, const std::vector<double>& timestamps) {
    for (uint64_t row = 0; row < timestamps.size(); ++row) {
      const double exact = rate_.Seconds(row);
      if (std::fabs(timestamps[row] - exact) <= kTimestampRounding * std::max(exact, 1.0)) continue;
      result_.findings.Add(Say("V-timestamp", "timestamp is not that of its frame",
                               Where("timestamp", rows.first_row + row),
                               StrCat(FormatDouble(exact), " s"),
                               StrCat(FormatDouble(timestamps[row]), " s"),
                               {static_cast<uint64_t>(rows.episode_index), "timestamp", row}));
      return;
    }
  }

  Status OpenSource(const EpisodeOfSource& origin, uint32_t data_file) {
    if (comparer_ && origin.source == source_ && data_file == source_file_) return Status();
    comparer_.reset();
    tasks_.reset();
    if (first_frames_.empty() || source_ != origin.source) {
      first_frames_.assign(1, 0);
      for (const Episode& episode : all_.sources[origin.source].dataset.episodes)
        first_frames_.push_back(first_frames_.back() + episode.length_frames);
    }
    source_ = origin.source;
    source_file_ = data_file;
    ROBOMERGE_ASSIGN_OR_RETURN(
        source_opened_,
        file_system_.OpenForReading(all_.sources[source_].dataset.data_files[data_file].path));
    ROBOMERGE_ASSIGN_OR_RETURN(source_footer_, parquet::Footer::Read(*source_opened_));
    std::vector<std::string> compared;
    const parquet::ColumnChanges* changes = all_.sources[source_].dataset.column_changes.get();
    for (const std::string& name :
         parquet::ColumnsInDestination(changes, source_footer_.column_names())) {
      if (!all_.IsNumberedAnew(name)) compared.push_back(name);
    }
    for (const std::string& name : footer_.column_names()) {
      if (!all_.IsNumberedAnew(name) &&
          std::find(compared.begin(), compared.end(), name) == compared.end())
        compared.push_back(name);
    }
    const Dataset& source = all_.sources[source_].dataset;
    parquet::PicturesByPath pictures;
    pictures.columns = parquet::ColumnsWithoutBytes(source_footer_, source.schema.image_keys());
    pictures.read = [this, &source](const std::string& path) {
      return io::ReadWholeFile(file_system_, PathInside(source.root, path).value_or(path));
    };
    comparer_.emplace(file_, footer_, *source_opened_, source_footer_, std::move(compared),
                      std::move(pictures), changes);
    tasks_.reset();
    const std::vector<std::string>& columns = source_footer_.column_names();
    if (std::find(columns.begin(), columns.end(), "task_index") != columns.end())
      tasks_.emplace(*source_opened_, source_footer_, std::vector<std::string>{"task_index"});
    texts_.reset();
    if (all_.text_columns.empty()) return Status();
    std::vector<std::string> in_source;
    for (const TextColumn& column : all_.text_columns)
      in_source.emplace_back(parquet::SourceColumnOf(changes, column.name).value_or(column.name));
    texts_.emplace(*source_opened_, source_footer_, in_source);
    return Status();
  }

  // Compares every column of the episode with its source, task_index by the text it stands for, and
  // the columns of a retimed episode with what they were to become.
  Status Against(uint64_t episode, const EpisodeRows& rows,
                 const std::vector<parquet::NumberRows>& numbers) {
    const EpisodeOfSource& origin = all_.origins[episode];
    const Subject& source = all_.sources[origin.source];
    const EpisodeRows* from = source.rows[origin.episode];
    if (from == nullptr || from->total_rows() != rows.num_rows) {
      result_.findings.Add(
          Say("V-rows", "episode has another number of rows than in its source",
              StrCat(data_.path, ": row ", rows.first_row),
              StrCat(from == nullptr ? 0 : from->total_rows(), " rows, as episode ", origin.episode,
                     " of ", source.dataset.root),
              StrCat(rows.num_rows, " rows"), {episode}));
      return Status();
    }
    if (from->is_retimed) {
      FrameNumbers(rows, Column(numbers, "frame_index"));
      Timestamps(rows, Column(numbers, "timestamp"));
    }
    const uint32_t data_file = source.dataset.episodes[origin.episode].data_file;
    ROBOMERGE_RETURN_NOT_OK(
        AgainstRange(episode, rows, 0, {data_file, from->first_row, from->num_rows}, numbers));
    uint64_t done = from->num_rows;
    for (const RowsElsewhere& part : from->more) {
      ROBOMERGE_RETURN_NOT_OK(AgainstRange(episode, rows, done, part, numbers));
      done += part.num_rows;
    }
    return Status();
  }

  // The same for the rows of the episode from its row `done` on, which come from `part`.
  Status AgainstRange(uint64_t episode, const EpisodeRows& rows, uint64_t done,
                      const RowsElsewhere& part, const std::vector<parquet::NumberRows>& numbers) {
    const EpisodeOfSource& origin = all_.origins[episode];
    const Dataset& source = all_.sources[origin.source].dataset;
    ROBOMERGE_RETURN_NOT_OK(OpenSource(origin, part.data_file));
    const std::string& source_path = source_opened_->path();
    const EpisodeRows& from = *all_.sources[origin.source].rows[origin.episode];
    const std::optional<parquet::TimeShift> shift = ShiftOf(source, from);
    Result<parquet::ComparedRows> comparison =
        comparer_->Compare(rows.first_row + done, part.first_row, part.num_rows,
                           shift ? &*shift : nullptr, first_frames_[origin.episode] + done);
    ROBOMERGE_RETURN_NOT_OK(OfSourceFile(comparison.status(), source.root));
    const parquet::ComparedRows compared = std::move(comparison).value();
    for (const parquet::RowDifference& difference : compared.differences) {
      const bool is_made_anew =
          difference.column == "frame_index" || difference.column == "timestamp";
      if (from.is_retimed && is_made_anew) continue;
      const uint64_t frame = done + difference.row;
      result_.findings.Add(Say("V-value", "value differs from its source",
                               Where(difference.column, rows.first_row + frame),
                               StrCat(difference.expected, "   from ", source_path, ", row ",
                                      part.first_row + difference.row),
                               difference.found, {episode, difference.column, frame}));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<double> old, OldTasks(origin, part));
    CompareTexts({"task_index", false}, old, episode, rows, done, numbers);
    if (all_.text_columns.empty()) return Status();
    Result<std::vector<parquet::NumberRows>> texts = texts_->Read(part.first_row, part.num_rows);
    ROBOMERGE_RETURN_NOT_OK(OfSourceFile(texts.status(), source.root));
    for (size_t column = 0; column < all_.text_columns.size(); ++column)
      CompareTexts(all_.text_columns[column], (*texts)[column].values, episode, rows, done,
                   numbers);
    return Status();
  }

  // Compares the texts that the numbers of a column stand for.
  void CompareTexts(const TextColumn& column, const std::vector<double>& old, uint64_t episode,
                    const EpisodeRows& rows, uint64_t done,
                    const std::vector<parquet::NumberRows>& numbers) {
    const Dataset& source = all_.SourceOf(episode).dataset;
    const std::vector<double>& fresh = Column(numbers, column.name);
    for (uint64_t row = 0; row < old.size() && done + row < fresh.size(); ++row) {
      const std::string *expected = TextOf(source, column, old[row]),
                        *found = TextOf(all_.destination.dataset, column, fresh[done + row]);
      const bool is_lost = found == nullptr && column.name != "task_index";
      if (expected == nullptr || (found != nullptr && *expected == *found)) continue;
      if (found == nullptr && !is_lost) continue;  // found by the other checks
      const char* const kind = column.is_of_subtasks ? "subtask" : "task";
      result_.findings.Add(
          Say(StrCat("V-", kind, "s"), StrCat("frame is of another ", kind, " than in its source"),
              Where(column.name, rows.first_row + done + row), "`" + *expected + "`",
              found == nullptr ? FormatDouble(fresh[done + row]) : "`" + *found + "`",
              {episode, column.name, done + row}));
      break;
    }
  }

  // Where rows do not name their tasks, all have the one that reading gave the episode.
  Result<std::vector<double>> OldTasks(const EpisodeOfSource& origin, const RowsElsewhere& part) {
    const Subject& source = all_.sources[origin.source];
    const auto& tasks = source.rows[origin.episode]->task_frames;
    if (!tasks_ && tasks.size() == 1)
      return std::vector<double>(part.num_rows, static_cast<double>(tasks.front().first));
    if (!tasks_) return std::vector<double>();
    Result<std::vector<parquet::NumberRows>> read = tasks_->Read(part.first_row, part.num_rows);
    ROBOMERGE_RETURN_NOT_OK(OfSourceFile(read.status(), source.dataset.root));
    return std::move(read->front().values);
  }

  // Names the source in problems of its file: against what cannot be decoded nothing is verified.
  Status OfSourceFile(const Status& status, const std::string& root) const {
    const bool is_of_source = std::any_of(
        status.problems().begin(), status.problems().end(),
        [&](const Problem& problem) { return problem.where.starts_with(source_opened_->path()); });
    return is_of_source ? status.OfSource(root).OfKind("E-data-file") : status;
  }

  static const std::string* TextOf(const Dataset& dataset, const TextColumn& column,
                                   double number) {
    const std::vector<std::string>& texts =
        column.is_of_subtasks ? dataset.subtasks : dataset.tasks;
    return number >= 0 && number < static_cast<double>(texts.size())
               ? &texts[static_cast<size_t>(number)]
               : nullptr;
  }

  const io::FileSystem& file_system_;
  const Case& all_;
  const std::vector<std::string>& columns_;
  const RowsPart& part_;
  const io::RandomAccessFile& file_;
  const parquet::Footer& footer_;
  RowsResult& result_;
  const DataFile& data_;
  const FrameRate rate_;
  const EpisodeStatistics statistics_;
  parquet::NumberReader reader_;

  // The source file that was opened last.
  uint32_t source_ = 0, source_file_ = 0;
  std::vector<uint64_t> first_frames_;  // by episode of the source
  std::unique_ptr<io::RandomAccessFile> source_opened_;
  parquet::Footer source_footer_;
  std::optional<parquet::RowComparer> comparer_;
  std::optional<parquet::NumberReader> tasks_;
  std::optional<parquet::NumberReader> texts_;  // those of Case::text_columns
};

}  // namespace

std::vector<std::string> NumericColumns(const Case& all) {
  std::vector<std::string> columns(std::begin(kNumbered), std::end(kNumbered));
  if (all.is_retimed) columns.emplace_back("timestamp");
  for (const TextColumn& column : all.text_columns) columns.push_back(column.name);
  if (all.has_sources() && !all.is_measured()) return columns;
  for (const Feature& feature : all.destination.dataset.schema.features) {
    const std::string dtype = feature.dtype();
    // float16 is left out: Arrow hands it out as bits, and no recorder writes it.
    const bool is_number = dtype == "bool" || dtype.starts_with("int") ||
                           dtype.starts_with("uint") || dtype == "float32" || dtype == "float64";
    if (!is_number) continue;
    if (std::find(columns.begin(), columns.end(), feature.name) == columns.end())
      columns.push_back(feature.name);
  }
  return columns;
}

Status CheckRows(const io::FileSystem& file_system, const Case& all,
                 const std::vector<std::string>& columns, const RowsPart& part,
                 const io::RandomAccessFile& file, const parquet::Footer& footer,
                 RowsResult& result) {
  return RowsCheck(file_system, all, columns, part, file, footer, result).Run();
}

}  // namespace robomerge::verify_internal
