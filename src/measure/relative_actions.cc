#include "measure/relative_actions.h"

#include <algorithm>

#include "base/lower_ascii.h"
#include "base/text.h"
#include "formats/parquet/compare_rows.h"
#include "formats/parquet/footer.h"
#include "measure/value_sorter.h"
#include "model/source_statistics.h"

namespace robomerge::measure {
namespace {

constexpr const char* kAction = "action";
constexpr const char* kState = "observation.state";

// The length of a feature that is a vector; 0 for any other.
uint32_t LengthOf(const Feature& feature) {
  const auto [row_width, width] = Elements(feature);
  return IsMeasurable(feature.dtype()) && row_width == width ? static_cast<uint32_t>(width) : 0;
}

// Which elements of `action` are relative.
std::vector<bool> RelativeElements(const Feature& action, uint32_t length,
                                   const std::vector<std::string>& excluded_joints) {
  std::vector<bool> is_relative(length, true);
  const Json names =
      action.entry.contains("names") ? FlatNames(action.entry.at("names")) : Json::array();
  for (size_t at = 0; names.is_array() && at < std::min<size_t>(names.size(), length); ++at) {
    if (!names[at].is_string()) continue;
    const std::string name = LowerAscii(names[at].get<std::string>());
    for (const std::string& joint : excluded_joints) {
      if (!joint.empty() && name.find(LowerAscii(joint)) != std::string::npos)
        is_relative[at] = false;
    }
  }
  return is_relative;
}

// The rows of one episode, [element][row].
using Elements32 = std::vector<std::vector<float>>;

class ChunkMeasurement {
 public:
  ChunkMeasurement(const io::FileSystem& file_system, const Dataset& dataset,
                   std::vector<bool> is_relative, uint64_t chunk_size, uint64_t buffer_bytes)
      : file_system_(file_system),
        dataset_(dataset),
        is_relative_(std::move(is_relative)),
        chunk_size_(chunk_size),
        buffer_bytes_(buffer_bytes) {}

  Status MeasureFile(size_t number, io::OutputFile& out, Summary& summary) const {
    FeatureFacts& facts = summary.features.emplace_back();
    facts.name = kAction;
    facts.elements.resize(is_relative_.size());
    ValueSorter sorter(out, summary, buffer_bytes_);
    for (const EpisodeRows& episode : dataset_.data_files[number].episodes) {
      if (episode.episode_index < 0 || NumRows(episode) < chunk_size_) continue;
      ROBOMERGE_RETURN_NOT_OK(AddEpisode(number, episode, sorter));
    }
    return sorter.Finish();
  }

  static uint64_t NumRows(const EpisodeRows& episode) {
    uint64_t num_rows = episode.num_rows;
    for (const RowsElsewhere& part : episode.more) num_rows += part.num_rows;
    return num_rows;
  }

 private:
  Status AddEpisode(size_t number, const EpisodeRows& episode, ValueSorter& sorter) const {
    Elements32 actions(is_relative_.size()), states(is_relative_.size());
    ROBOMERGE_RETURN_NOT_OK(AddRows(number, episode.first_row, episode.num_rows, actions, states));
    for (const RowsElsewhere& part : episode.more) {
      ROBOMERGE_RETURN_NOT_OK(
          AddRows(part.data_file, part.first_row, part.num_rows, actions, states));
    }
    const size_t num_starts = actions.front().size() - chunk_size_ + 1;
    std::vector<float> values;
    for (uint32_t element = 0; element < is_relative_.size(); ++element) {
      // As LeRobot multiplies, so that a state that is no number spoils what stays absolute, too.
      const float factor = is_relative_[element] ? 1.0F : 0.0F;
      for (uint64_t ahead = 0; ahead < chunk_size_; ++ahead) {
        values.resize(num_starts);
        for (size_t start = 0; start < num_starts; ++start)
          values[start] = actions[element][start + ahead] - states[element][start] * factor;
        sorter.Add(0, element, values);
        ROBOMERGE_RETURN_NOT_OK(sorter.FlushIfFull());
      }
    }
    return Status();
  }

  Status AddRows(size_t number, uint64_t first_row, uint64_t num_rows, Elements32& actions,
                 Elements32& states) const {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                               file_system_.OpenForReading(dataset_.data_files[number].path));
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(*file));
    parquet::NumberReader reader(*file, footer, {kAction, kState}, /*as_floats=*/true);
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<parquet::NumberRows> rows,
                               reader.Read(first_row, num_rows));
    for (size_t column = 0; column < rows.size(); ++column) {
      if (rows[column].width >= is_relative_.size()) continue;
      return Problem(Code::kCorrupt, StrCat("rows of `", column == 0 ? kAction : kState,
                                            "` do not have the elements of its shape"))
          .Kind("E-data-columns")
          .At(file->path());
    }
    Spread(rows[0], actions);
    Spread(rows[1], states);
    return Status();
  }

  static void Spread(const parquet::NumberRows& rows, Elements32& elements) {
    const auto spread = [&](const auto& values) {
      for (size_t element = 0; element < elements.size(); ++element) {
        for (size_t at = element; at < values.size(); at += rows.width)
          elements[element].push_back(static_cast<float>(values[at]));
      }
    };
    if (rows.is_float)
      spread(rows.floats);
    else
      spread(rows.values);
  }

  const io::FileSystem& file_system_;
  const Dataset& dataset_;
  const std::vector<bool> is_relative_;
  const uint64_t chunk_size_;
  const uint64_t buffer_bytes_;
};

Problem Wrong(const Dataset& dataset, Code code, std::string what) {
  return Problem(code, std::move(what)).Kind("E-relative-actions").At(dataset.root);
}

}  // namespace

Result<DatasetMeasures> MeasureRelativeActions(io::FileSystem& file_system, const Dataset& dataset,
                                               const std::string& scratch,
                                               const MeasureDatasetOptions& options,
                                               const RelativeActions& relative) {
  const Feature* action = dataset.schema.Find(kAction);
  const Feature* state = dataset.schema.Find(kState);
  if (action == nullptr || state == nullptr) {
    return Wrong(dataset, Code::kIncompatible, "actions cannot be made relative to states")
        .Expected("features `action` and `observation.state`")
        .Found(action != nullptr  ? "no `observation.state`"
               : state != nullptr ? "no `action`"
                                  : "none of them");
  }
  const uint32_t length = LengthOf(*action), num_states = LengthOf(*state);
  if (length == 0 || num_states < length) {
    return Wrong(dataset, Code::kIncompatible, "actions cannot be made relative to states")
        .Expected("vectors of numbers, with a state for each element of `action`")
        .Found(StrCat("`action` of shape ", action->entry.at("shape").dump(),
                      ", `observation.state` of shape ", state->entry.at("shape").dump()));
  }
  if (relative.chunk_size == 0)
    return Wrong(dataset, Code::kInvalidArgument, "a chunk of actions has no length").Found("0");
  uint64_t num_starts = 0, longest = 0;
  for (const DataFile& file : dataset.data_files) {
    for (const EpisodeRows& episode : file.episodes) {
      if (episode.episode_index < 0) continue;
      const uint64_t num_rows = ChunkMeasurement::NumRows(episode);
      longest = std::max(longest, num_rows);
      if (num_rows >= relative.chunk_size) num_starts += num_rows - relative.chunk_size + 1;
    }
  }
  if (num_starts == 0) {
    return Wrong(dataset, Code::kInvalidArgument, "no episode is as long as a chunk of actions")
        .Expected(StrCat("chunks of at most ", longest, " frames"))
        .Found(StrCat(relative.chunk_size));
  }
  const ChunkMeasurement measurement(file_system, dataset,
                                     RelativeElements(*action, length, relative.excluded_joints),
                                     relative.chunk_size, options.buffer_bytes);
  return MeasureFiles(file_system, dataset, scratch, options, num_starts * relative.chunk_size,
                      [&](size_t number, io::OutputFile& out, Summary& summary) {
                        return measurement.MeasureFile(number, out, summary);
                      });
}

}  // namespace robomerge::measure
