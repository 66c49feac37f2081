// What Hugging Face `datasets` and pandas say about the columns of a file, in JSON of its key-value
// metadata.
#include <algorithm>

#include "base/text.h"
#include "formats/json/json.h"
#include "formats/parquet/destination_schema_internal.h"

namespace robomerge::parquet {
namespace {

using json::Json;

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A feature as `datasets` writes it (format spec 1.8). Before version 4, lists were called
// Sequence.
Json Feature(const DescribedColumn& described, const char* list_type) {
  const DestinationColumn& column = *described.column;
  Json value = {{"dtype", column.dtype}, {"_type", "Value"}};
  if (column.is_single()) return value;
  if (column.shape.size() > 1) {
    return {{"shape", column.shape},
            {"dtype", column.dtype},
            {"_type", StrCat("Array", column.shape.size(), "D")}};
  }
  Json list = {{"feature", std::move(value)}};
  if (described.has_fixed_size) list["length"] = column.shape.front();
  list["_type"] = list_type;
  return list;
}

bool HasSequence(const Json& features) {
  return std::any_of(features.begin(), features.end(), [](const Json& feature) {
    return feature.is_object() && feature.contains("_type") && feature["_type"] == "Sequence";
  });
}

// The entry of `entries` whose field is called so, or null.
const Json* EntryOf(const Json& entries, const std::string& name) {
  for (const Json& entry : entries) {
    if (!entry.is_object()) continue;
    const auto field = entry.find("field_name"), named = entry.find("name");
    if ((field != entry.end() && *field == name) ||
        (field == entry.end() && named != entry.end() && *named == name))
      return &entry;
  }
  return nullptr;
}

Json PandasEntry(const DestinationColumn& column) {
  const bool is_text = column.dtype == "string";
  std::string type = is_text ? "unicode" : column.dtype;
  const size_t num_lists = column.is_single() ? 0 : column.shape.size();
  for (size_t level = 0; level < num_lists; ++level) type = StrCat("list[", type, "]");
  return {{"name", column.name},
          {"field_name", column.name},
          {"pandas_type", type},
          {"numpy_type", is_text || num_lists > 0 ? "object" : column.dtype},
          {"metadata", nullptr}};
}

}  // namespace

std::optional<std::string> HuggingFaceFeatures(std::string_view value,
                                               const std::vector<DescribedColumn>& columns,
                                               const std::vector<std::string>& owner_columns) {
  Result<Json> parsed = json::Parse(value, "huggingface");
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  Json& all = *parsed;
  const bool has_features = all.contains("info") && all["info"].is_object() &&
                            all["info"].contains("features") && all["info"]["features"].is_object();
  if (!has_features) return std::string(value);
  const Json& old = all["info"]["features"];
  const char* list_type = HasSequence(old) ? "Sequence" : "List";
  Json features = Json::object();
  for (const DescribedColumn& described : columns) {
    const DestinationColumn& column = *described.column;
    if (described.has_new_form)
      features[column.name] = Feature(described, list_type);
    else if (old.contains(column.owner_column))
      features[column.name] = old[column.owner_column];
  }
  for (const auto& [name, feature] : old.items()) {
    if (!Has(owner_columns, name) && !features.contains(name)) features[name] = feature;
  }
  all["info"]["features"] = std::move(features);
  return json::DumpLine(all);
}

std::optional<std::string> PandasColumns(std::string_view value,
                                         const std::vector<DescribedColumn>& columns,
                                         const std::vector<std::string>& owner_columns) {
  Result<Json> parsed = json::Parse(value, "pandas");
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  Json& all = *parsed;
  if (!all.contains("columns") || !all["columns"].is_array()) return std::string(value);
  const Json& old = all["columns"];
  Json entries = Json::array();
  for (const DescribedColumn& described : columns) {
    const DestinationColumn& column = *described.column;
    const Json* entry = EntryOf(old, column.owner_column);
    if (described.has_new_form) {
      entries.push_back(PandasEntry(column));
    } else if (entry != nullptr) {
      entries.push_back(*entry);
      if (column.name == column.owner_column) continue;
      for (const char* key : {"name", "field_name"}) entries.back()[key] = column.name;
    }
  }
  for (const Json& entry : old) {
    const bool is_column = std::any_of(
        owner_columns.begin(), owner_columns.end(),
        [&](const std::string& name) { return EntryOf(Json::array({entry}), name) != nullptr; });
    if (!is_column) entries.push_back(entry);
  }
  if (all.contains("index_columns") && all["index_columns"].is_array()) {
    Json indexes = Json::array();
    for (const Json& index : all["index_columns"]) {
      if (!index.is_string() || !Has(owner_columns, index.get<std::string>())) {
        indexes.push_back(index);
        continue;
      }
      for (const DescribedColumn& described : columns) {
        if (described.column->owner_column == index.get<std::string>())
          indexes.push_back(described.column->name);
      }
    }
    all["index_columns"] = std::move(indexes);
  }
  all["columns"] = std::move(entries);
  return json::DumpLine(all);
}

}  // namespace robomerge::parquet
