#include "read/added_features.h"

#include <algorithm>

#include "base/lower_ascii.h"
#include "base/text.h"
#include "formats/json/json.h"
#include "formats/npy/npy.h"
#include "formats/parquet/column_values.h"
#include "model/adaptation.h"

namespace robomerge {
namespace {

using parquet::ColumnValues;

constexpr const char* kWhatIsTaken =
    "a .npy file of numbers, or a .parquet file with a column of numbers, bool or texts";
constexpr size_t kMostFramesNamed = 5;
constexpr uint64_t kMostFileBytes = uint64_t{1} << 40;

Result<std::shared_ptr<const ColumnValues>> ReadNpy(const io::FileSystem& file_system,
                                                    const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(std::string file,
                             io::ReadWholeFile(file_system, path, kMostFileBytes));
  ROBOMERGE_ASSIGN_OR_RETURN(const npy::Array array, npy::ReadHeader(file, path));
  const std::vector<int64_t> shape(array.shape.begin() + 1, array.shape.end());
  file.erase(0, array.data_begin);
  return ColumnValues::FromNumbers(array.dtype, shape, array.shape.front(), std::move(file), path);
}

Result<std::shared_ptr<const ColumnValues>> ReadValues(const io::FileSystem& file_system,
                                                       const AddedFeature& wanted) {
  const std::string& path = wanted.path;
  ROBOMERGE_ASSIGN_OR_RETURN(const bool is_there, io::Exists(file_system, path));
  if (!is_there) {
    return Problem(Code::kInvalidArgument, "the file with the values of a feature is not there")
        .At(path)
        .Found("nothing");
  }
  const std::string ending = LowerAscii(path.substr(std::min(path.size(), path.rfind('.'))));
  if (ending == ".npy") return ReadNpy(file_system, path);
  if (ending != ".parquet") {
    return Problem(Code::kInvalidArgument, "the file of a feature is of another kind")
        .At(path)
        .Expected(kWhatIsTaken)
        .Found("`" + path + "`");
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(path));
  return ColumnValues::FromParquet(*file, wanted.name);
}

// What the system refuses stays what it is; that there is no such file is a wrong wish.
Status OfFile(const Status& status) {
  std::vector<Problem> problems = status.problems();
  for (Problem& problem : problems) {
    if (problem.code != Code::kIo) problem.code = Code::kInvalidArgument;
    if (problem.code != Code::kIo && problem.kind != "E-feature-rows")
      problem.kind = "E-feature-file";
    if (problem.expected.empty()) problem.expected = kWhatIsTaken;
  }
  return Status::Many(std::move(problems));
}

Problem WrongEntry(const AddedFeature& wanted, std::string what) {
  return Problem(Code::kInvalidArgument, std::move(what)).Kind("E-rule").At("add: " + wanted.name);
}

Result<json::Json> EntryOf(const AddedFeature& wanted, const ColumnValues& values) {
  json::Json entry = json::Json::object();
  entry["dtype"] = values.dtype();
  entry["shape"] = values.shape();
  entry["names"] = nullptr;
  if (!wanted.names.empty()) {
    if (values.shape().size() != 1 ||
        static_cast<uint64_t>(values.shape().front()) != wanted.names.size()) {
      return WrongEntry(wanted, "there is not a name for each element")
          .Expected(StrCat("names for a shape of ", json::DumpLine(entry["shape"])))
          .Found(StrCat(wanted.names.size(), " names"));
    }
    entry["names"] = wanted.names;
  }
  if (wanted.entry.empty()) return entry;
  ROBOMERGE_ASSIGN_OR_RETURN(json::Json stated, json::Parse(wanted.entry, "add: " + wanted.name));
  const bool fits = stated.is_object() && stated.value("dtype", json::Json()) == entry["dtype"] &&
                    stated.value("shape", json::Json()) == entry["shape"];
  if (fits) return stated;
  return WrongEntry(wanted, "the entry of info.json is not that of the values")
      .Expected(StrCat("dtype ", values.dtype(), ", shape ", json::DumpLine(entry["shape"])))
      .Found(Shortened(json::DumpLine(stated), Problem::kMostValueBytes));
}

Problem WrongRows(const std::string& name, std::string what) {
  return Problem(Code::kInvalidArgument, std::move(what)).Kind("E-feature-rows").At("add: " + name);
}

// The frames of a dataset in their order, as rows name them by `keys`.
class Frames {
 public:
  Frames(const Dataset& dataset, parquet::RowKeys keys) : dataset_(dataset), keys_(keys) {
    Settle();
  }

  bool is_done() const { return episode_ == dataset_.episodes.size(); }
  std::pair<int64_t, int64_t> key() const {
    if (keys_ == parquet::RowKeys::kIndex) return {0, static_cast<int64_t>(index_)};
    return {static_cast<int64_t>(dataset_.episodes[episode_].number), static_cast<int64_t>(frame_)};
  }
  void Next() {
    ++frame_, ++index_;
    Settle();
  }

 private:
  void Settle() {
    for (; !is_done() && frame_ == dataset_.episodes[episode_].length_frames; ++episode_)
      frame_ = 0;
  }

  const Dataset& dataset_;
  const parquet::RowKeys keys_;
  size_t episode_ = 0;
  uint64_t frame_ = 0, index_ = 0;
};

std::string KeyText(parquet::RowKeys keys, const std::pair<int64_t, int64_t>& key) {
  if (keys == parquet::RowKeys::kIndex) return StrCat("index ", key.second);
  return StrCat("episode ", key.first, " frame ", key.second);
}

std::string FirstOf(const std::vector<std::string>& keys, uint64_t num) {
  return StrCat(Join(keys, ", "), num > keys.size() ? StrCat(", ... (", num, " in all)") : "");
}

}  // namespace

Status TakeFeatures(const io::FileSystem& file_system, const std::vector<AddedFeature>& features,
                    SourceSpec& source) {
  if (features.empty()) return Status();
  if (source.adaptation.selects()) {
    return Problem(Code::kInvalidArgument,
                   "a feature is not added while episodes or frames are left out")
        .Kind("E-options")
        .Hint("add it first, in an edit of its own: a value belongs to each frame of the dataset");
  }
  Adaptation names;
  for (const AddedFeature& wanted : features) names.add.push_back({wanted.name, "values"});
  // Before files are read, which may be large.
  ROBOMERGE_RETURN_NOT_OK(Normalize(names).status());
  auto added = std::make_shared<AddedFeatures>();
  for (const AddedFeature& wanted : features) {
    Result<std::shared_ptr<const ColumnValues>> values = ReadValues(file_system, wanted);
    if (!values.ok()) return OfFile(values.status());
    ROBOMERGE_ASSIGN_OR_RETURN(const json::Json entry, EntryOf(wanted, **values));
    source.adaptation.add.push_back({wanted.name, (*values)->fingerprint()});
    source.adaptation.entry.push_back({wanted.name, json::DumpLine(entry)});
    added->columns[wanted.name] = std::move(values).value();
  }
  source.added = std::move(added);
  return Status();
}

Status CheckAddedRows(const AddedFeatures& added, const Dataset& dataset) {
  std::vector<Problem> problems;
  for (const auto& [name, values] : added.columns) {
    const parquet::RowKeys keys = values->keys();
    if (keys == parquet::RowKeys::kNone) {
      if (values->num_rows() == dataset.num_frames()) continue;
      problems.push_back(
          WrongRows(name, "the file has another number of rows than the dataset has frames")
              .Expected(StrCat(WithSeparators(dataset.num_frames()), " rows, one for each frame"))
              .Found(StrCat(WithSeparators(values->num_rows()), " rows")));
      continue;
    }
    std::vector<std::string> missing, strange;
    uint64_t num_missing = 0, num_strange = 0;
    auto row = values->key_rows().begin();
    const auto end = values->key_rows().end();
    const auto note = [&](const std::pair<int64_t, int64_t>& key, std::vector<std::string>& texts,
                          uint64_t& num) {
      if (++num <= kMostFramesNamed) texts.push_back(KeyText(keys, key));
    };
    for (Frames frames(dataset, keys); !frames.is_done(); frames.Next()) {
      for (; row != end && *row < frames.key(); ++row) note(*row, strange, num_strange);
      if (row != end && *row == frames.key())
        ++row;
      else
        note(frames.key(), missing, num_missing);
    }
    for (; row != end; ++row) note(*row, strange, num_strange);
    if (num_missing > 0) {
      problems.push_back(WrongRows(name, "frames of the dataset have no row in the file")
                             .Expected("one row for each frame")
                             .Found("none for " + FirstOf(missing, num_missing)));
    }
    if (num_strange > 0) {
      problems.push_back(WrongRows(name, "rows of the file are of frames that the dataset has not")
                             .Expected(StrCat(dataset.episodes.size(), " episodes, ",
                                              WithSeparators(dataset.num_frames()), " frames"))
                             .Found(FirstOf(strange, num_strange)));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge
