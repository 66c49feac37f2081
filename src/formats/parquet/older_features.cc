#include "formats/parquet/older_features.h"

#include <arrow/util/key_value_metadata.h>

#include "formats/json/json.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/destination_schema_internal.h"

namespace robomerge::parquet {
namespace {

using json::Json;

constexpr std::string_view kHuggingFaceKey = "huggingface";

// Renames the lists of a feature and of what it holds. Returns whether there was one.
bool Rename(Json& feature) {
  bool has_renamed = false;
  if (feature.is_object() && feature.contains("_type") && feature["_type"] == "List") {
    feature["_type"] = "Sequence";
    has_renamed = true;
  }
  if (!feature.is_object() && !feature.is_array()) return has_renamed;
  for (Json& inner : feature) has_renamed = Rename(inner) || has_renamed;
  return has_renamed;
}

// The value with older names; nothing if it stays as it is.
std::optional<std::string> OlderValue(std::string_view value) {
  Result<Json> all = json::Parse(value, std::string(kHuggingFaceKey));
  const bool is_known = all.ok() && all->is_object() && all->contains("info") &&
                        (*all)["info"].is_object() && (*all)["info"].contains("features");
  if (!is_known || !Rename((*all)["info"]["features"])) return std::nullopt;
  return json::DumpLine(*all);
}

// The value of ARROW:schema with the older value of the key: Arrow's reader takes it from there.
arrow::Result<std::string> OlderArrowSchema(std::string_view encoded, const std::string& older) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, DecodeArrowSchema(encoded));
  const std::string key(kHuggingFaceKey);
  if (!schema->HasMetadata() || !schema->metadata()->Contains(key)) return std::string(encoded);
  const auto metadata = schema->metadata()->Copy();
  ARROW_RETURN_NOT_OK(metadata->Set(key, older));
  return EncodeArrowSchema(*schema->WithMetadata(metadata));
}

}  // namespace

Result<DestinationSchema> WithOlderFeatures(const DestinationSchema& schema) {
  const Footer::Representation& footer = schema.footer().representation();
  const std::optional<std::string_view> value = schema.footer().key_value(kHuggingFaceKey);
  const std::optional<std::string> older = value ? OlderValue(*value) : std::nullopt;
  if (!older) return schema;
  std::string bytes;
  ThriftWriter writer(bytes);
  writer.BeginStruct();
  for (const FileField& file : footer.fields) {
    if (file.id != field::kFileKeyValues) {
      writer.Raw(file.id, file.type, footer.span(file.value));
      continue;
    }
    writer.ListField(file.id, ThriftType::kStruct, footer.key_values.size());
    for (const auto& [key, text] : footer.key_values) {
      writer.BeginStruct();
      writer.Binary(1, key);
      if (key == kArrowSchemaKey) {
        ROBOMERGE_ASSIGN_OR_RETURN_ARROW(
            const std::string arrow_schema, OlderArrowSchema(text, *older),
            "cannot change the Arrow schema of the destination", footer.path);
        writer.Binary(2, arrow_schema);
      } else {
        writer.Binary(2, key == kHuggingFaceKey ? *older : std::string(text));
      }
      writer.EndStruct();
    }
  }
  writer.EndStruct();
  return AtArrowBoundary(
      "cannot make the schema of the destination", footer.path, [&]() -> Result<DestinationSchema> {
        auto made = std::make_shared<DestinationSchema::Representation>();
        ROBOMERGE_ASSIGN_OR_RETURN(auto parsed, ParseFooter(footer.path, footer.file_size_bytes,
                                                            footer.footer_begin, std::move(bytes)));
        made->footer = Footer(std::move(parsed));
        ROBOMERGE_ASSIGN_OR_RETURN(made->arrow_schema,
                                   ArrowSchemaOf(made->footer.representation()));
        return DestinationSchema(std::move(made));
      });
}

}  // namespace robomerge::parquet
