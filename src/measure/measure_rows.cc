#include "measure/measure_rows.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/footer.h"
#include "measure/episode_check.h"
#include "measure/value_sorter.h"
#include "model/source_statistics.h"

namespace robomerge::measure {
namespace {

// Rows of a long episode that are decoded at once.
constexpr uint64_t kBatchRows = 16'384;

class Measurement {
 public:
  Measurement(const RowsToMeasure& rows, io::OutputFile& out, Summary& summary)
      : rows_(rows),
        summary_(WithFeatures(summary, rows)),
        sorter_(out, summary, rows.buffer_bytes) {
    for (const FeatureToMeasure& feature : rows.features)
      row_bytes_ += feature.row_width * sizeof(double);
    is_known_.resize(rows.features.size());
  }

  Status Run() {
    ROBOMERGE_ASSIGN_OR_RETURN(footer_, parquet::Footer::Read(*rows_.file));
    for (const EpisodeToMeasure& episode : rows_.episodes) {
      if (episode.num_rows == 0) continue;
      summary_.episode = episode.episode;
      const bool is_long =
          episode.num_rows > rows_.buffer_bytes / std::max<uint64_t>(row_bytes_, 1);
      ROBOMERGE_RETURN_NOT_OK(is_long ? AddLong(episode) : AddShort(episode));
    }
    return sorter_.Finish();
  }

 private:
  using Rows = std::vector<parquet::NumberRows>;

  // Whether the problem is one of the column, so that the others can be measured.
  bool IsOfColumn(const Status& status) const {
    const std::string& kind = status.problems().front().kind;
    const bool is_damage = kind == "E-data-file" || kind == "E-data-columns";
    return (status.code() == Code::kCorrupt || status.code() == Code::kUnsupported) &&
           !(is_damage && rows_.refuses_damage);
  }

  static Summary& WithFeatures(Summary& summary, const RowsToMeasure& rows) {
    for (const FeatureToMeasure& feature : rows.features) {
      FeatureFacts& facts = summary.features.emplace_back();
      facts.name = feature.name;
      facts.elements.resize(feature.width);
    }
    return summary;
  }

  std::vector<size_t> MeasurableFeatures() const {
    std::vector<size_t> features;
    for (size_t at = 0; at < summary_.features.size(); ++at) {
      if (summary_.features[at].unmeasured.empty()) features.push_back(at);
    }
    return features;
  }

  // All columns at once, or one at a time where one of them cannot be decoded.
  Status AddShort(const EpisodeToMeasure& episode) {
    const std::vector<size_t> features = MeasurableFeatures();
    if (features.empty()) return Status();
    if (!is_apart_) {
      if (!together_) {
        std::vector<std::string> columns;
        for (const size_t feature : features) columns.push_back(rows_.features[feature].name);
        together_.emplace(*rows_.file, footer_, columns, true);
      }
      Result<Rows> rows = together_->Read(episode.first_row, episode.num_rows);
      if (rows.ok()) {
        for (size_t at = 0; at < features.size(); ++at) {
          ROBOMERGE_RETURN_NOT_OK(AddRows(episode, features[at], (*rows)[at]));
        }
        return Status();
      }
      if (!IsOfColumn(rows.status())) return rows.status();
      is_apart_ = true;
    }
    for (const size_t feature : features) {
      parquet::NumberReader reader(*rows_.file, footer_, {rows_.features[feature].name}, true);
      Result<Rows> rows = reader.Read(episode.first_row, episode.num_rows);
      if (rows.ok()) {
        ROBOMERGE_RETURN_NOT_OK(AddRows(episode, feature, rows->front()));
      } else if (IsOfColumn(rows.status())) {
        GiveUp(feature, rows.status().problems().front().what);
      } else {
        return rows.status();
      }
    }
    return Status();
  }

  void GiveUp(size_t feature, std::string reason) {
    summary_.features[feature].unmeasured = std::move(reason);
    together_.reset();
  }

  Status AddRows(const EpisodeToMeasure& episode, size_t feature, const parquet::NumberRows& rows) {
    if (rows.width != rows_.features[feature].row_width) {
      if (rows_.refuses_damage) return Ragged(feature);
      GiveUp(feature, WrongWidth(feature));
      return Status();
    }
    SetKind(feature, rows.is_float);
    EpisodeCheck check(rows_.features[feature], episode);
    if (rows.is_float)
      AddElements(feature, rows.floats, check);
    else
      AddElements(feature, rows.values, check);
    Keep(check);
    return sorter_.FlushIfFull();
  }

  // Some rows have more elements and others less, or a footer would have told.
  Problem Ragged(size_t feature) const {
    return Problem(Code::kCorrupt, StrCat("rows of feature `", rows_.features[feature].name,
                                          "` have not all the elements of its shape"))
        .Kind("E-data-columns")
        .Expected(StrCat(rows_.features[feature].row_width, " in every row"));
  }

  std::string WrongWidth(size_t feature) const {
    return StrCat("rows do not have the ", rows_.features[feature].row_width,
                  " elements of its shape");
  }

  void Keep(EpisodeCheck& check) {
    if (rows_.checks_episodes && check.is_wrong()) summary_.corrections.push_back(check.Finish());
  }

  template <typename Number>
  void AddElements(size_t feature, const std::vector<Number>& values, EpisodeCheck& check) {
    const FeatureToMeasure& measured = rows_.features[feature];
    std::vector<Number> of_element;
    const auto gather = [&](uint64_t element, uint64_t width) {
      of_element.resize(values.size() / width);
      for (size_t row = 0; row < of_element.size(); ++row)
        of_element[row] = values[element + row * width];
    };
    for (uint32_t element = 0; element < measured.width; ++element) {
      gather(element, measured.width);
      sorter_.Add(feature, element, of_element);
      if (IsChecked(feature, check)) check.Check(element, of_element);
    }
    if (!rows_.checks_episodes) return;
    // LeRobot once kept statistics of every element of a matrix.
    if (check.stated_width() == measured.row_width && measured.row_width != measured.width) {
      for (uint32_t element = 0; element < measured.row_width && !check.is_wrong(); ++element) {
        gather(element, measured.row_width);
        KeepFinite(of_element);
        check.Check(element, of_element);
      }
    }
    for (uint32_t element = 0; check.is_wrong() && element < measured.width; ++element) {
      gather(element, measured.width);
      KeepFinite(of_element);
      check.Measure(of_element);
    }
  }

  bool IsChecked(size_t feature, const EpisodeCheck& check) const {
    return rows_.checks_episodes && check.stated_width() == rows_.features[feature].width;
  }

  template <typename Number>
  static void KeepFinite(std::vector<Number>& values) {
    std::erase_if(values, [](Number value) { return !std::isfinite(value); });
  }

  // The column's type is the same in all rows of a file.
  void SetKind(size_t feature, bool is_float) {
    if (!is_known_[feature]) summary_.features[feature].key_bits = is_float ? 32 : 64;
    is_known_[feature] = true;
  }

  // One feature after another, and as many of its elements at once as the buffer holds.
  Status AddLong(const EpisodeToMeasure& episode) {
    ROBOMERGE_RETURN_NOT_OK(sorter_.Flush());
    for (const size_t feature : MeasurableFeatures()) {
      const Status status = AddLongFeature(episode, feature);
      if (!status.ok() && !IsOfColumn(status)) return status;
      if (!status.ok()) GiveUp(feature, status.problems().front().what);
    }
    return Status();
  }

  Status AddLongFeature(const EpisodeToMeasure& episode, size_t feature) {
    const FeatureToMeasure& measured = rows_.features[feature];
    EpisodeCheck check(measured, episode);
    ROBOMERGE_RETURN_NOT_OK(
        ForEachElement(episode, feature, measured.width, [&](uint32_t element, auto& values) {
          sorter_.Add(feature, element, values);
          if (IsChecked(feature, check)) check.Check(element, values);
          return sorter_.FlushIfFull();
        }));
    if (!rows_.checks_episodes) return Status();
    if (check.stated_width() == measured.row_width && measured.row_width != measured.width) {
      ROBOMERGE_RETURN_NOT_OK(
          ForEachElement(episode, feature, measured.row_width, [&](uint32_t element, auto& values) {
            KeepFinite(values);
            check.Check(element, values);
            return Status();
          }));
    }
    if (check.is_wrong()) {
      ROBOMERGE_RETURN_NOT_OK(
          ForEachElement(episode, feature, measured.width, [&](uint32_t, auto& values) {
            KeepFinite(values);
            check.Measure(values);
            return Status();
          }));
    }
    Keep(check);
    return Status();
  }

  // Hands all values of each element to `take`; element k has every `width`-th number from k on.
  template <typename Take>
  Status ForEachElement(const EpisodeToMeasure& episode, size_t feature, uint64_t width,
                        const Take& take) {
    const FeatureToMeasure& measured = rows_.features[feature];
    const uint64_t element_bytes = episode.num_rows * (measured.row_width / width) * sizeof(double);
    const uint64_t at_once = std::clamp<uint64_t>(rows_.buffer_bytes / element_bytes, 1, width);
    for (uint64_t first = 0; first < width; first += at_once) {
      const uint64_t end = std::min(first + at_once, width);
      parquet::NumberReader reader(*rows_.file, footer_, {measured.name}, true);
      std::vector<std::vector<float>> floats(end - first);
      std::vector<std::vector<double>> doubles(end - first);
      bool is_float = false;
      for (uint64_t done = 0; done < episode.num_rows; done += kBatchRows) {
        const uint64_t count = std::min(kBatchRows, episode.num_rows - done);
        ROBOMERGE_ASSIGN_OR_RETURN(const Rows rows, reader.Read(episode.first_row + done, count));
        if (rows.front().width != measured.row_width) {
          if (rows_.refuses_damage) return Ragged(feature);
          return Problem(Code::kCorrupt, WrongWidth(feature));
        }
        is_float = rows.front().is_float;
        const auto spread = [&](const auto& values, auto& elements) {
          for (uint64_t element = first; element < end; ++element) {
            for (size_t at = element; at < values.size(); at += width)
              elements[element - first].push_back(values[at]);
          }
        };
        spread(rows.front().floats, floats);
        spread(rows.front().values, doubles);
      }
      SetKind(feature, is_float);
      for (uint64_t element = first; element < end; ++element) {
        const auto number = static_cast<uint32_t>(element);
        ROBOMERGE_RETURN_NOT_OK(is_float ? take(number, floats[element - first])
                                         : take(number, doubles[element - first]));
        floats[element - first] = {};
        doubles[element - first] = {};
      }
    }
    return Status();
  }

  const RowsToMeasure& rows_;
  Summary& summary_;
  ValueSorter sorter_;
  parquet::Footer footer_;
  std::optional<parquet::NumberReader> together_;
  bool is_apart_ = false;
  uint64_t row_bytes_ = 0;
  std::vector<bool> is_known_;  // per feature: whether its key_bits are
};

}  // namespace

std::vector<FeatureToMeasure> FeaturesToMeasure(const Schema& schema,
                                                const StatColumns& stat_columns) {
  std::vector<FeatureToMeasure> features;
  for (const Feature& feature : schema.features) {
    const auto [row_width, width] = Elements(feature);
    if (!IsMeasurable(feature.dtype()) || !NeedsEverySource(feature.name) || width == 0) continue;
    FeatureToMeasure& one = features.emplace_back();
    one.name = feature.name;
    one.width = static_cast<uint32_t>(width);
    one.row_width = row_width;
    one.quantiles.assign(std::begin(kQuantileNames), std::end(kQuantileNames));
    for (const StatColumn& column : stat_columns) {
      if (column.feature == feature.name && IsQuantile(column.stat) &&
          std::find(one.quantiles.begin(), one.quantiles.end(), column.stat) == one.quantiles.end())
        one.quantiles.push_back(column.stat);
    }
  }
  return features;
}

Status MeasureRows(const RowsToMeasure& rows, io::OutputFile& out, Summary& summary) {
  return Measurement(rows, out, summary).Run();
}

}  // namespace robomerge::measure
