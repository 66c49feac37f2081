#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "formats/parquet/direct_column_internal.h"
#include "formats/parquet/page_decoder_internal.h"

namespace robomerge::parquet {
namespace {

// Up to here a double holds every integer exactly.
constexpr int64_t kLargestExact = int64_t{1} << 53;
constexpr int kMostListDepth = 3;

// A column of nullable values, or of nullable lists of them: the form that the usual writers write.
struct PlainForm {
  int list_depth = 0;
  PhysicalType type = PhysicalType::kInt64;
};

// Whether `shape` (Leaf::shape) says that form and nothing else: no logical meaning beside "a
// text", no structs, no required levels.
std::optional<PlainForm> PlainFormOf(const Leaf& leaf) {
  static constexpr std::string_view kListLevel = "optional group(list) / repeated group / ";
  std::string_view shape = leaf.shape;
  PlainForm form;
  form.type = leaf.type;
  while (shape.starts_with(kListLevel)) {
    shape.remove_prefix(kListLevel.size());
    ++form.list_depth;
  }
  static constexpr std::string_view kElements[] = {
      "optional boolean", "optional int32",  "optional int64",
      "optional float",   "optional double", "optional byte_array string"};
  if (form.list_depth > kMostListDepth ||
      std::find(std::begin(kElements), std::end(kElements), shape) == std::end(kElements)) {
    return std::nullopt;
  }
  return form;
}

// The one leaf of the only column of that name, with its form.
std::optional<std::pair<size_t, PlainForm>> FindPlainLeaf(const Footer::Representation& footer,
                                                          const std::string& column) {
  const std::optional<uint32_t> number = footer.column(column);
  if (!number || std::count(footer.column_names.begin(), footer.column_names.end(), column) != 1)
    return std::nullopt;
  const uint32_t leaf = footer.column_first_leaf[*number];
  if (footer.column_first_leaf[*number + 1] != leaf + 1) return std::nullopt;
  const std::optional<PlainForm> form = PlainFormOf(footer.leaves[leaf]);
  if (!form) return std::nullopt;
  return std::pair(size_t{leaf}, *form);
}

// A scalar column without nulls, one value per row.
std::optional<std::pair<LeafValues, PhysicalType>> Scalars(const Footer::Representation& footer,
                                                           std::string_view file,
                                                           const std::string& column) {
  const auto found = FindPlainLeaf(footer, column);
  if (!found || found->second.list_depth != 0) return std::nullopt;
  std::optional<LeafValues> values = DecodeLeaf(footer, file, found->first);
  if (!values || static_cast<int64_t>(values->num_entries) != footer.num_rows) return std::nullopt;
  if (values->integers.size() + values->doubles.size() + values->texts.size() !=
      values->num_entries)
    return std::nullopt;
  return std::pair(std::move(*values), found->second.type);
}

// Walks the entries of a column of that form: `begin_row(is_null)`, then for each element
// `value(position among the values)` or `null()`. False if the levels do not make sense, or if a
// list inside a list is null.
template <typename BeginRow, typename Value, typename Null>
bool WalkRows(const Footer::Representation& footer, const LeafValues& leaf, int list_depth,
              BeginRow begin_row, Value value, Null null) {
  const int max_definition = 2 * list_depth + 1;
  if (leaf.definition_levels.size() != leaf.num_entries) return false;
  if (list_depth > 0 && leaf.repetition_levels.size() != leaf.num_entries) return false;
  int64_t num_rows = 0;
  size_t num_values = 0;
  for (size_t entry = 0; entry < leaf.num_entries; ++entry) {
    const int definition = leaf.definition_levels[entry];
    const int repetition = list_depth > 0 ? leaf.repetition_levels[entry] : 0;
    if (repetition == 0) {
      ++num_rows;
      begin_row(definition == 0);
    } else if (entry == 0) {
      return false;
    }
    if (definition == max_definition) {
      value(num_values++);
    } else if (definition == 2 * list_depth) {
      if (list_depth > 0) null();
    } else if (definition % 2 == 0 && definition > 0) {
      return false;  // a null list inside a list; an odd level is an empty list
    }
  }
  return num_rows == footer.num_rows;
}

}  // namespace

std::optional<std::vector<int64_t>> DirectInt64s(const Footer::Representation& footer,
                                                 std::string_view file, const std::string& column) {
  auto values = Scalars(footer, file, column);
  if (!values || (values->second != PhysicalType::kInt64 && values->second != PhysicalType::kInt32))
    return std::nullopt;
  return std::move(values->first.integers);
}

std::optional<std::vector<double>> DirectDoubles(const Footer::Representation& footer,
                                                 std::string_view file, const std::string& column) {
  auto values = Scalars(footer, file, column);
  if (!values ||
      (values->second != PhysicalType::kDouble && values->second != PhysicalType::kFloat))
    return std::nullopt;
  return std::move(values->first.doubles);
}

std::optional<std::vector<std::string>> DirectStrings(const Footer::Representation& footer,
                                                      std::string_view file,
                                                      const std::string& column) {
  const auto values = Scalars(footer, file, column);
  if (!values || values->second != PhysicalType::kByteArray) return std::nullopt;
  return std::vector<std::string>(values->first.texts.begin(), values->first.texts.end());
}

std::optional<std::vector<std::vector<std::string>>> DirectStringLists(
    const Footer::Representation& footer, std::string_view file, const std::string& column) {
  const auto found = FindPlainLeaf(footer, column);
  if (!found || found->second.list_depth != 1 || found->second.type != PhysicalType::kByteArray)
    return std::nullopt;
  const std::optional<LeafValues> leaf = DecodeLeaf(footer, file, found->first);
  if (!leaf) return std::nullopt;
  std::vector<std::vector<std::string>> rows;
  bool has_null = false;
  const bool walked = WalkRows(
      footer, *leaf, 1,
      [&](bool is_null) {
        has_null = has_null || is_null;
        rows.emplace_back();
      },
      [&](size_t at) { rows.back().emplace_back(leaf->texts[at]); }, [&] { has_null = true; });
  if (!walked || has_null) return std::nullopt;
  return rows;
}

std::optional<NumberLists> DirectNumbers(const Footer::Representation& footer,
                                         std::string_view file, const std::string& column) {
  const auto found = FindPlainLeaf(footer, column);
  if (!found || found->second.type == PhysicalType::kByteArray) return std::nullopt;
  const PhysicalType type = found->second.type;
  const std::optional<LeafValues> leaf = DecodeLeaf(footer, file, found->first);
  if (!leaf) return std::nullopt;
  NumberLists out;
  out.list_depth = found->second.list_depth;
  const bool is_float = type == PhysicalType::kFloat || type == PhysicalType::kDouble;
  out.element = is_float                         ? NumberLists::Element::kFloat
                : type == PhysicalType::kBoolean ? NumberLists::Element::kBoolean
                                                 : NumberLists::Element::kInteger;
  bool fits = true;
  const bool walked = WalkRows(
      footer, *leaf, out.list_depth,
      [&](bool is_null) {
        out.cell_begin.push_back(static_cast<uint32_t>(out.values.size()));
        out.is_null.push_back(is_null);
      },
      [&](size_t at) {
        if (!is_float)
          fits =
              fits && leaf->integers[at] >= -kLargestExact && leaf->integers[at] <= kLargestExact;
        out.values.push_back(is_float ? leaf->doubles[at]
                                      : static_cast<double>(leaf->integers[at]));
      },
      [&] {
        fits = fits && is_float;
        out.values.push_back(std::numeric_limits<double>::quiet_NaN());
      });
  if (!walked || !fits || out.values.size() > std::numeric_limits<uint32_t>::max())
    return std::nullopt;
  out.cell_begin.push_back(static_cast<uint32_t>(out.values.size()));
  return out;
}

}  // namespace robomerge::parquet
