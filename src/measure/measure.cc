#include "measure/measure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/text.h"
#include "formats/parquet/column_values.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/footer.h"
#include "model/retime.h"
#include "model/source_statistics.h"

namespace robomerge {
namespace {

constexpr const char* kQuantiles[] = {"q01", "q10", "q50", "q90", "q99"};
// Rows that are decoded at once.
constexpr uint64_t kBatchRows = 16'384;

// As numpy.quantile, whose last bit depends on the side from which it interpolates.
double Quantile(const std::vector<double>& sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(position));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = position - static_cast<double>(below),
               distance = sorted[above] - sorted[below];
  return part < 0.5 ? sorted[below] + distance * part : sorted[above] - distance * (1 - part);
}

// The numbers of one element of the last dimension, over all rows.
class Element {
 public:
  explicit Element(std::vector<double>& values) : values_(values) {
    // One NaN makes all results NaN, as in numpy.
    if (std::any_of(values.begin(), values.end(), [](double one) { return std::isnan(one); })) {
      values.assign(1, std::numeric_limits<double>::quiet_NaN());
    }
    std::sort(values.begin(), values.end());
    long double sum = 0, spread = 0;
    for (const double value : values) sum += value;
    const long double mean = sum / static_cast<long double>(values.size());
    for (const double value : values) spread += (value - mean) * (value - mean);
    mean_ = static_cast<double>(mean);
    deviation_ = static_cast<double>(std::sqrt(spread / static_cast<long double>(values.size())));
  }

  double Value(const std::string& stat) const {
    if (stat == "min") return values_.front();
    if (stat == "max") return values_.back();
    if (stat == "mean") return mean_;
    if (stat == "std") return deviation_;
    return Quantile(values_, *QuantilePercent(stat) / 100);
  }

 private:
  const std::vector<double>& values_;
  double mean_ = 0, deviation_ = 0;
};

// A number as the feature's type holds it.
double Rounded(double number, const std::string& dtype) {
  if (dtype == "float32") return static_cast<double>(static_cast<float>(number));
  return dtype.starts_with("float") ? number : std::nearbyint(number);
}

// Reads one feature's rows from a file, as its column will be.
class FeatureRows {
 public:
  FeatureRows(const io::RandomAccessFile& file, const parquet::Footer& footer,
              const Dataset& dataset, const Feature& feature)
      : path_(file.path()), feature_(feature), dtype_(feature.dtype()) {
    const parquet::ColumnChanges* changes = dataset.column_changes.get();
    change_ = changes == nullptr ? nullptr : changes->Of(feature.name);
    const auto column = parquet::SourceColumnOf(changes, feature.name);
    reader_.emplace(file, footer, std::vector<std::string>{std::string(column.value_or(""))});
    for (const int64_t extent : feature.shape()) width_ *= static_cast<uint64_t>(extent);
  }

  // Appends the rows to `elements`, one list for each element of the last dimension.
  Status Append(uint64_t first_row, uint64_t num_rows, std::vector<std::vector<double>>& elements) {
    for (uint64_t done = 0; done < num_rows; done += kBatchRows) {
      const uint64_t count = std::min(kBatchRows, num_rows - done);
      ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<parquet::NumberRows> rows,
                                 reader_->Read(first_row + done, count));
      const std::vector<double> values = Changed(rows.front().values, count);
      if (values.size() != count * width_) {
        return Problem(Code::kCorrupt, StrCat("column of feature `", feature_.name,
                                              "` has another number of elements than its shape"))
            .Kind("E-data-columns")
            .At(path_);
      }
      for (size_t at = 0; at < values.size(); ++at)
        elements[at % elements.size()].push_back(values[at]);
    }
    return Status();
  }

 private:
  std::vector<double> Changed(const std::vector<double>& values, uint64_t num_rows) const {
    if (change_ == nullptr || (change_->elements.empty() && !change_->is_cast)) return values;
    const size_t width = values.size() / num_rows;
    std::vector<double> changed;
    for (uint64_t row = 0; row < num_rows; ++row) {
      const double* of_row = values.data() + row * width;
      for (size_t at = 0; at < (change_->elements.empty() ? width : change_->elements.size());
           ++at) {
        const int64_t from =
            change_->elements.empty() ? static_cast<int64_t>(at) : change_->elements[at];
        const bool is_there = from >= 0 && static_cast<size_t>(from) < width;
        const double number = is_there ? of_row[from] : 0;
        changed.push_back(change_->is_cast ? Rounded(number, dtype_) : number);
      }
    }
    return changed;
  }

  const std::string path_;
  const Feature& feature_;
  const std::string dtype_;
  const parquet::ColumnChange* change_ = nullptr;
  std::optional<parquet::NumberReader> reader_;
  uint64_t width_ = 1;
};

// Appends the rows of all episodes, file by file.
Status ReadRows(const io::FileSystem& file_system, const Dataset& dataset, const Feature& feature,
                std::vector<std::vector<double>>& elements) {
  const parquet::ColumnChange* change =
      dataset.column_changes ? dataset.column_changes->Of(feature.name) : nullptr;
  if (change != nullptr && change->values != nullptr) {
    const std::vector<double> values = change->values->Numbers(0, change->values->num_rows());
    for (size_t at = 0; at < values.size(); ++at)
      elements[at % elements.size()].push_back(values[at]);
    return Status();
  }
  std::vector<std::map<uint64_t, uint64_t>> ranges(dataset.data_files.size());  // row -> how many
  for (size_t file = 0; file < ranges.size(); ++file) {
    for (const EpisodeRows& rows : dataset.data_files[file].episodes) {
      ranges[file].emplace(rows.first_row, rows.num_rows);
      for (const RowsElsewhere& part : rows.more)
        ranges[part.data_file].emplace(part.first_row, part.num_rows);
    }
  }
  for (size_t number = 0; number < ranges.size(); ++number) {
    if (ranges[number].empty()) continue;
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                               file_system.OpenForReading(dataset.data_files[number].path));
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
    FeatureRows reader(*file, footer, dataset, feature);
    for (auto range = ranges[number].begin(); range != ranges[number].end();) {
      const uint64_t first = range->first;
      uint64_t end = first;
      for (; range != ranges[number].end() && range->first == end; ++range) end += range->second;
      ROBOMERGE_RETURN_NOT_OK(reader.Append(first, end - first, elements));
    }
  }
  return Status();
}

// Whether rows in the files are not as they will be.
bool IsRetimed(const Dataset& dataset) {
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& rows : file.episodes) {
      if (rows.is_retimed) return true;
    }
  }
  return false;
}

// Nothing that a recorder writes has more elements, and so few can be held.
Status CheckShape(const Dataset& dataset, const Feature& feature) {
  constexpr int64_t kMostElements = 1 << 20;
  int64_t num_elements = 1;
  for (const int64_t extent : feature.shape())
    num_elements = extent > 0 && extent <= kMostElements / std::max<int64_t>(num_elements, 1)
                       ? num_elements * extent
                       : 0;
  if (num_elements > 0) return Status();
  return Problem(Code::kCorrupt,
                 StrCat("feature `", feature.name, "` has no elements, or too many"))
      .Kind("E-features")
      .At(dataset.root + "/meta/info.json");
}

// One list for each element of the last dimension.
std::vector<std::vector<double>> NoElements(const Feature& feature) {
  const std::vector<int64_t> shape = feature.shape();
  return std::vector<std::vector<double>>(shape.empty() ? 1 : static_cast<size_t>(shape.back()));
}

// REQUIRES: there are rows. `elements` are spent.
FeatureStatistics StatisticsOf(const Feature& feature, uint64_t num_frames,
                               std::vector<std::vector<double>>& elements) {
  FeatureStatistics measured;
  measured.feature = feature.name;
  const auto width = static_cast<uint32_t>(elements.size());
  for (const char* name : {"min", "max", "mean", "std"})
    measured.statistics.push_back({name, NumberKind::kFloat, {width}, {}});
  measured.statistics.push_back(
      {"count", NumberKind::kInteger, {1}, {static_cast<double>(num_frames)}});
  for (const char* name : kQuantiles)
    measured.statistics.push_back({name, NumberKind::kFloat, {width}, {}});
  for (std::vector<double>& values : elements) {
    const Element element(values);
    for (Statistic& statistic : measured.statistics) {
      if (statistic.name != "count") statistic.values.push_back(element.Value(statistic.name));
    }
  }
  return measured;
}

// A fault of the column, not of the system.
bool CannotBeMeasured(const Status& status) {
  return status.code() == Code::kCorrupt || status.code() == Code::kUnsupported;
}

}  // namespace

Result<FeatureStatistics> MeasureFeature(const io::FileSystem& file_system, const Dataset& dataset,
                                         const Feature& feature) {
  ROBOMERGE_RETURN_NOT_OK(CheckShape(dataset, feature));
  std::vector<std::vector<double>> elements = NoElements(feature);
  ROBOMERGE_RETURN_NOT_OK(ReadRows(file_system, dataset, feature, elements));
  if (elements.front().empty())
    return Problem(Code::kCorrupt, "dataset has no rows").At(dataset.root);
  return StatisticsOf(feature, dataset.num_frames(), elements);
}

Result<std::vector<std::vector<FeatureStatistics>>> MeasureRows(
    const io::FileSystem& file_system, const Dataset& dataset,
    const std::vector<std::vector<RowsElsewhere>>& places,
    const std::vector<std::string>& features) {
  std::map<uint32_t, std::pair<std::unique_ptr<io::RandomAccessFile>, parquet::Footer>> files;
  for (const std::vector<RowsElsewhere>& parts : places) {
    for (const RowsElsewhere& part : parts) {
      const auto [entry, is_new] = files.try_emplace(part.data_file);
      if (!is_new) continue;
      auto& [file, footer] = entry->second;
      ROBOMERGE_ASSIGN_OR_RETURN(
          file, file_system.OpenForReading(dataset.data_files[part.data_file].path));
      ROBOMERGE_ASSIGN_OR_RETURN(footer, parquet::Footer::Read(*file));
    }
  }
  std::vector<std::vector<FeatureStatistics>> all(places.size());
  for (const std::string& name : features) {
    const Feature& feature = *dataset.schema.Find(name);
    if (!IsMeasurable(feature) || !CheckShape(dataset, feature).ok()) continue;
    std::map<uint32_t, FeatureRows> readers;
    for (auto& [number, opened] : files)
      readers.try_emplace(number, *opened.first, opened.second, dataset, feature);
    for (size_t at = 0; at < places.size(); ++at) {
      std::vector<std::vector<double>> elements = NoElements(feature);
      uint64_t num_rows = 0;
      Status status;
      for (const RowsElsewhere& part : places[at]) {
        if (status.ok())
          status = readers.at(part.data_file).Append(part.first_row, part.num_rows, elements);
        num_rows += part.num_rows;
      }
      if (!status.ok() && !CannotBeMeasured(status)) return status;
      if (status.ok() && num_rows > 0) all[at].push_back(StatisticsOf(feature, num_rows, elements));
    }
  }
  return all;
}

Result<std::vector<FeatureStatistics>> MeasureEach(const io::FileSystem& file_system,
                                                   const Dataset& dataset,
                                                   const std::vector<std::string>& features) {
  std::vector<FeatureStatistics> all;
  for (const std::string& name : features) {
    if ((name == "timestamp" || name == "frame_index") && IsRetimed(dataset)) {
      all.push_back(
          StatisticsOfFrames(dataset, name, {std::begin(kQuantiles), std::end(kQuantiles)}));
      continue;
    }
    Result<FeatureStatistics> measured =
        MeasureFeature(file_system, dataset, *dataset.schema.Find(name));
    if (measured.ok())
      all.push_back(std::move(measured).value());
    else if (!CannotBeMeasured(measured.status()))
      return measured.status();
  }
  return all;
}

Status CheckDecodes(const io::FileSystem& file_system, const std::string& path) {
  constexpr uint64_t kRowsAtOnce = 4096;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(path));
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
  const auto num_rows = static_cast<uint64_t>(footer.num_rows());
  for (const std::string& column : footer.column_names()) {
    parquet::NumberReader reader(*file, footer, {column});
    Status status;
    for (uint64_t row = 0; row < num_rows && status.ok(); row += kRowsAtOnce)
      status = reader.Read(row, std::min(kRowsAtOnce, num_rows - row)).status();
    // Others hold no numbers.
    if (status.ok() || status.problems().front().kind != "E-data-file") continue;
    Problem problem = status.problems().front();
    problem.what = StrCat("column `", column, "` of a data file cannot be decoded");
    return problem;
  }
  return Status();
}

}  // namespace robomerge
