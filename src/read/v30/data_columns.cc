#include "read/v30/data_columns.h"

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "base/text.h"

namespace robomerge::v30 {
namespace {

using parquet::Footer;
using parquet::Leaf;

// One of the five default features as it must be; null for another.
const Feature* DefaultFeature(const std::string& name) {
  static const std::vector<Feature> features = [] {
    std::vector<Feature> all;
    for (const std::string_view one : kDefaultFeatures)
      all.push_back({std::string(one), DefaultFeatureEntry(one)});
    return all;
  }();
  const auto found = std::find_if(features.begin(), features.end(),
                                  [&](const Feature& feature) { return feature.name == name; });
  return found == features.end() ? nullptr : &*found;
}

// These two have a type of their own, whatever is declared.
bool IsLanguage(const std::string& name) {
  return name == "language_persistent" || name == "language_events";
}

bool IsNumeric(const std::string& dtype) {
  return dtype == "bool" || dtype == "double" || dtype.starts_with("float") ||
         dtype.starts_with("int") || dtype.starts_with("uint");
}

// What `datasets.Value` takes: names of Arrow types.
bool IsKnownDtype(const std::string& dtype) {
  static const std::set<std::string, std::less<>> kNames = {
      "null",   "bool",   "int8",         "int16",   "int32",        "int64", "uint8",     "uint16",
      "uint32", "uint64", "float16",      "float32", "float64",      "float", "double",    "date32",
      "date64", "binary", "large_binary", "string",  "large_string", "utf8",  "large_utf8"};
  if (kNames.contains(dtype)) return true;
  return dtype.starts_with("time32") || dtype.starts_with("time64") ||
         dtype.starts_with("timestamp") || dtype.starts_with("duration") ||
         dtype.starts_with("decimal");
}

constexpr size_t kMostDimensions = 5;

// The lists around each element: none for shape [1], else one for each dimension.
int ListDepth(const std::vector<int64_t>& shape) {
  return shape == std::vector<int64_t>{1} ? 0 : static_cast<int>(shape.size());
}

std::string NestingText(int depth) {
  if (depth == 0) return "one value per row";
  if (depth == 1) return "a list per row";
  return StrCat("lists in lists, ", depth, " levels, per row");
}

Problem WrongColumn(std::string what, const Feature& feature, std::string found) {
  return Problem(Code::kCorrupt, std::move(what))
      .Kind("E-data-columns")
      .Expected(StrCat(feature.dtype(), ", shape ",
                       json::DumpLine(feature.entry.value("shape", Json())), " (from info.json)"))
      .Found(std::move(found));
}

// Pictures are a group of `bytes` and `path`; some writers leave out one of them, or the group.
// Whichever holds nothing but nulls may have no type.
std::optional<Problem> PictureProblem(const Footer& footer, const std::vector<size_t>& leaves,
                                      const Feature& feature) {
  const bool holds_pictures =
      !leaves.empty() && std::all_of(leaves.begin(), leaves.end(), [&](size_t at) {
        const Leaf& leaf = footer.leaves()[at];
        const bool has_name =
            leaf.path.size() == 1 ||
            (leaf.path.size() == 2 && (leaf.path.back() == "bytes" || leaf.path.back() == "path"));
        return has_name && leaf.max_repetition_level == 0 &&
               (leaf.type == parquet::PhysicalType::kByteArray || leaf.shape.ends_with(" null"));
      });
  if (holds_pictures) return std::nullopt;
  return WrongColumn(StrCat("column of feature `", feature.name, "` holds no pictures"), feature,
                     leaves.empty() ? "an empty group" : footer.leaves()[leaves.front()].shape)
      .Hint("store encoded pictures: a group of `bytes` and `path`, or plain bytes");
}

// A numeric feature needs a number for each element of its shape in each row, a text feature one
// text in each row, nested as the shape is (format spec 1.4). Columns of other types are not
// checked.
std::optional<Problem> ColumnProblem(const Footer& footer, const Feature& feature) {
  std::vector<size_t> leaves;
  for (size_t at = 0; at < footer.leaves().size(); ++at) {
    if (footer.leaves()[at].path.front() == feature.name) leaves.push_back(at);
  }
  if (feature.is_image()) return PictureProblem(footer, leaves, feature);
  const bool is_numeric = IsNumeric(feature.dtype());
  if (IsLanguage(feature.name) || !(is_numeric || feature.dtype() == "string")) return std::nullopt;
  if (leaves.size() != 1) {
    return WrongColumn(StrCat("column of feature `", feature.name, "` is a group of columns"),
                       feature, StrCat(leaves.size(), " columns in one"))
        .Hint("correct info.json, or convert the column");
  }
  const Leaf& leaf = footer.leaves()[leaves.front()];
  const bool holds_bytes = leaf.type == parquet::PhysicalType::kByteArray;
  if (holds_bytes == is_numeric) {
    return Problem(Code::kCorrupt,
                   StrCat("column of feature `", feature.name, "` has another type"))
        .Kind("E-data-columns")
        .Expected(StrCat(feature.dtype(), " (from info.json)"))
        .Found(leaf.shape)
        .Hint("correct info.json, or convert the column");
  }
  const std::vector<int64_t> shape = feature.shape();
  const int depth = ListDepth(shape);
  if (!shape.empty() && leaf.max_repetition_level != depth) {
    return Problem(Code::kCorrupt,
                   StrCat("column of feature `", feature.name, "` is not nested as its shape is"))
        .Kind("E-data-columns")
        .Expected(StrCat(NestingText(depth), ", for shape ",
                         json::DumpLine(feature.entry.value("shape", Json())), " (from info.json)"))
        .Found(NestingText(leaf.max_repetition_level))
        .Hint("convert the column, or correct the shape in info.json: LeRobot does not open this");
  }
  int64_t num_elements = 1;
  for (const int64_t dimension : shape) {
    // Nothing that LeRobot records has so many elements.
    if (dimension <= 0 || dimension > (int64_t{1} << 30) / num_elements) return std::nullopt;
    num_elements *= dimension;
  }
  for (const parquet::RowGroup& row_group : footer.row_groups()) {
    const std::optional<int64_t> wanted =
        CheckedMultiply<int64_t>(row_group.num_rows, num_elements);
    const int64_t found = row_group.columns[leaves.front()].num_values;
    if (!is_numeric || shape.empty() || !wanted || found == *wanted) continue;
    return Problem(Code::kCorrupt, StrCat("column of feature `", feature.name,
                                          "` has another number of elements than its shape"))
        .Kind("E-data-columns")
        .Expected(StrCat(WithSeparators(static_cast<uint64_t>(*wanted)), " in a row group of ",
                         WithSeparators(static_cast<uint64_t>(row_group.num_rows)),
                         " rows, for shape ", json::DumpLine(feature.entry.value("shape", Json())),
                         " (from info.json)"))
        .Found(std::to_string(found))
        .Hint("correct info.json, or record the dataset again");
  }
  return std::nullopt;
}

// Of the columns that every dataset has, those that a merge writes anew whatever they hold.
bool IsMadeAnew(std::string_view name) {
  return name == "episode_index" || name == "index" || name == "task_index";
}

// DataFile::first_index.
std::optional<int64_t> FirstIndex(const Footer& footer) {
  const std::optional<size_t> leaf = FindLeaf(footer, "index");
  std::optional<int64_t> first, next;
  if (!leaf || footer.leaves()[*leaf].max_repetition_level > 0) return std::nullopt;
  for (const parquet::RowGroup& row_group : footer.row_groups()) {
    if (row_group.num_rows == 0) continue;
    const parquet::ColumnChunk& chunk = row_group.columns[*leaf];
    const bool no_nulls = footer.leaves()[*leaf].max_definition_level == 0 || chunk.null_count == 0;
    if (!no_nulls || !chunk.min_value || !chunk.max_value) return std::nullopt;
    if (!first) first = next = chunk.min_value;
    if (chunk.min_value != next) return std::nullopt;
    next = CheckedAdd(*next, row_group.num_rows);
    if (!next || *chunk.max_value != *next - 1) return std::nullopt;
  }
  return first;
}

}  // namespace

std::optional<size_t> FindLeaf(const Footer& footer, std::string_view column) {
  for (size_t at = 0; at < footer.leaves().size(); ++at) {
    if (footer.leaves()[at].path.front() == column) return at;
  }
  return std::nullopt;
}

void TakeFooter(const Footer& footer, DataFile& data) {
  data.uncompressed_bytes = footer.uncompressed_bytes();
  data.physical_schema.clear();
  for (const Leaf& leaf : footer.leaves())
    data.physical_schema += StrCat(leaf.path.front(), " ", leaf.shape, "\n");
  data.has_huggingface_features = footer.key_value("huggingface").has_value();
  data.num_rows = 0;
  for (const parquet::RowGroup& row_group : footer.row_groups())
    data.num_rows += static_cast<uint64_t>(row_group.num_rows);
  data.first_index = FirstIndex(footer);
}

Status CheckColumns(const Footer& footer, const Schema& schema, const std::string& path,
                    bool is_lenient) {
  std::vector<Problem> problems;
  const std::vector<std::string>& columns = footer.column_names();
  for (const Feature& feature : schema.features) {
    if (feature.is_video()) continue;
    const auto times = std::count(columns.begin(), columns.end(), feature.name);
    if (times == 0 && is_lenient && IsMadeAnew(feature.name)) continue;
    if (times == 0) {
      problems.push_back(
          Problem(Code::kCorrupt,
                  StrCat("data file lacks the column of feature `", feature.name, "`"))
              .Kind("E-data-columns")
              .At(path)
              .Found(StrCat("columns ", Join(columns, ", ")))
              .Hint(StrCat("remove `", feature.name, "` from info.json, or restore the column")));
      continue;
    }
    if (times > 1) continue;
    // What the five are is not for a source to say.
    const Feature* canonical = DefaultFeature(feature.name);
    if (std::optional<Problem> problem = ColumnProblem(footer, canonical ? *canonical : feature))
      problems.push_back(std::move(*problem).At(path));
  }
  for (size_t at = 0; at < columns.size(); ++at) {
    const std::string& column = columns[at];
    const auto first = std::find(columns.begin(), columns.end(), column);
    if (first - columns.begin() != static_cast<std::ptrdiff_t>(at)) {
      if (std::count(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(at), column) >
          1)
        continue;
      problems.push_back(
          Problem(Code::kCorrupt, StrCat("there are two columns called `", column, "`"))
              .Kind("E-data-columns")
              .At(path)
              .Expected("each column once")
              .Hint("remove or rename one of them: LeRobot does not open this"));
      continue;
    }
    const Feature* feature = schema.Find(column);
    if (is_lenient || (feature != nullptr && !feature->is_video())) continue;
    problems.push_back(
        Problem(Code::kCorrupt,
                StrCat("data file has a column that is no feature of info.json: `", column, "`"))
            .Kind("E-data-columns")
            .At(path)
            .Hint(StrCat("declare `", column, "` in info.json, or remove the column")));
  }
  for (const char* column : {"episode_index", "index", "task_index", "frame_index"}) {
    const std::optional<size_t> leaf = FindLeaf(footer, column);
    if (!leaf) {
      const bool is_there = std::find(columns.begin(), columns.end(), column) != columns.end();
      if (is_lenient && IsMadeAnew(column) && !is_there) continue;
      // The column is a group without values, or its feature is declared as a video.
      if (problems.empty())
        problems.push_back(Problem(Code::kCorrupt, StrCat("column `", column, "` holds no values"))
                               .Kind("E-data-columns")
                               .At(path)
                               .Expected("int64"));
      continue;
    }
    const parquet::PhysicalType type = footer.leaves()[*leaf].type;
    if (type == parquet::PhysicalType::kInt64 || type == parquet::PhysicalType::kInt32) continue;
    problems.push_back(Problem(Code::kCorrupt, StrCat("column `", column, "` holds no integers"))
                           .Kind("E-data-columns")
                           .At(path)
                           .Expected("int64")
                           .Found(footer.leaves()[*leaf].shape));
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

Status CheckDeclarations(const Schema& schema, const std::string& info_path) {
  std::vector<Problem> problems;
  for (const Feature& feature : schema.features) {
    if (feature.is_camera() || DefaultFeature(feature.name) || IsLanguage(feature.name)) continue;
    const auto place = [&] { return StrCat(info_path, ": features[\"", feature.name, "\"]"); };
    const Json shape = feature.entry.value("shape", Json());
    if (!shape.is_array() || shape.empty() || shape.size() > kMostDimensions) {
      problems.push_back(
          Problem(Code::kCorrupt, "a feature has a shape that LeRobot makes no column of")
              .Kind("E-data-columns")
              .At(place() + ".shape")
              .Expected("[1] for one value per row, [n] for n, or up to 5 sizes")
              .Found(json::DumpLine(shape))
              .Hint("write the shape of the column into info.json: [1] if it has one value per "
                    "row"));
    }
    if (!IsKnownDtype(feature.dtype())) {
      problems.push_back(
          Problem(Code::kCorrupt, "a feature has a dtype that LeRobot makes no column of")
              .Kind("E-data-columns")
              .At(place() + ".dtype")
              .Expected("a name like float32, int64, bool or string")
              .Found(StrCat("`", feature.dtype().substr(0, 60), "`"))
              .Hint("write the type of the column into info.json"));
    }
  }
  return problems.empty() ? Status() : Status::Many(std::move(problems));
}

}  // namespace robomerge::v30
