// The schema tree of a footer: leaves, their levels, and their shape.
#include <iterator>

#include "base/text.h"
#include "formats/parquet/footer_internal.h"

namespace robomerge::parquet {
namespace {

constexpr int kMaxSchemaDepth = 64;
// Paths and shapes repeat the names of the levels above: without a limit a small footer with long
// names could ask for a lot of memory.
constexpr size_t kMaxSchemaTextBytes = size_t{1} << 26;

struct Element {
  ByteSpan thrift;
  std::string_view name;
  int64_t num_children = 0;
  bool has_type = false;
  int32_t type = 0;
  int32_t type_length = 0;
  int32_t repetition = 0;  // 0 required, 1 optional, 2 repeated
  std::string meaning;     // of LogicalType, or of the older ConvertedType
};

std::string TimeMeaning(ThriftReader& reader, const char* kind) {
  bool utc = false;
  int16_t unit = 0;
  for (ThriftStructReader time(reader, "TimestampType"); time.Next();) {
    if (time.id() == 1) utc = time.Bool();
    if (time.id() == 2) {
      time.Struct();
      for (ThriftStructReader choice(reader, "TimeUnit"); choice.Next();) unit = choice.id();
    }
  }
  static constexpr const char* kUnits[] = {"?", "ms", "us", "ns"};
  return StrCat(kind, "[", unit >= 1 && unit <= 3 ? kUnits[unit] : "?", utc ? ",utc]" : "]");
}

// Texts with a further meaning (JSON, ENUM) have the bytes of any other text, so they are
// exchangeable with STRING.
std::string LogicalMeaning(ThriftReader& reader) {
  std::string meaning;
  for (ThriftStructReader choice(reader, "LogicalType"); choice.Next();) {
    switch (choice.id()) {
      case 1:
      case 4:
      case 12:
        meaning = "string";
        break;
      case 2:
        meaning = "map";
        break;
      case 3:
        meaning = "list";
        break;
      case 5: {
        choice.Struct();
        int32_t scale = 0, precision = 0;
        for (ThriftStructReader decimal(reader, "DecimalType"); decimal.Next();) {
          if (decimal.id() == 1) scale = decimal.Int32();
          if (decimal.id() == 2) precision = decimal.Int32();
        }
        meaning = StrCat("decimal(", precision, ",", scale, ")");
        break;
      }
      case 6:
        meaning = "date";
        break;
      case 7:
        choice.Struct();
        meaning = TimeMeaning(reader, "time");
        break;
      case 8:
        choice.Struct();
        meaning = TimeMeaning(reader, "timestamp");
        break;
      case 10: {
        choice.Struct();
        int64_t width = 0;
        bool is_signed = true;
        for (ThriftStructReader integer(reader, "IntType"); integer.Next();) {
          if (integer.id() == 1) width = integer.Integer();
          if (integer.id() == 2) is_signed = integer.Bool();
        }
        meaning = StrCat(is_signed ? "int" : "uint", width);
        break;
      }
      case 11:
        meaning = "null";
        break;
      case 13:
        meaning = "bson";
        break;
      case 14:
        meaning = "uuid";
        break;
      case 15:
        meaning = "float16";
        break;
      default:
        meaning = StrCat("logical#", choice.id());
        break;
    }
  }
  return meaning;
}

std::string ConvertedMeaning(int32_t type, int32_t precision, int32_t scale) {
  static constexpr const char* kMeanings[] = {"string",
                                              "map",
                                              "map",
                                              "list",
                                              "string",
                                              "decimal",
                                              "date",
                                              "time[ms,utc]",
                                              "time[us,utc]",
                                              "timestamp[ms,utc]",
                                              "timestamp[us,utc]",
                                              "uint8",
                                              "uint16",
                                              "uint32",
                                              "uint64",
                                              "int8",
                                              "int16",
                                              "int32",
                                              "int64",
                                              "string",
                                              "bson",
                                              "interval"};
  if (type < 0 || type >= static_cast<int32_t>(std::size(kMeanings)))
    return StrCat("converted#", type);
  if (type == 5) return StrCat("decimal(", precision, ",", scale, ")");
  return kMeanings[type];
}

Element ReadElement(ThriftReader& reader) {
  Element element;
  element.thrift.begin = static_cast<uint32_t>(reader.position());
  int32_t converted = -1, scale = 0, precision = 0;
  {
    ThriftStructReader read(reader, "SchemaElement");
    while (read.Next()) {
      switch (read.id()) {
        case field::kSchemaType:
          element.type = read.Int32();
          element.has_type = true;
          break;
        case field::kSchemaTypeLength:
          element.type_length = read.Int32();
          break;
        case field::kSchemaRepetition:
          element.repetition = read.Int32();
          break;
        case field::kSchemaName:
          element.name = read.Binary();
          break;
        case field::kSchemaNumChildren:
          element.num_children = read.Count();
          break;
        case field::kSchemaConvertedType:
          converted = read.Int32();
          break;
        case field::kSchemaScale:
          scale = read.Int32();
          break;
        case field::kSchemaPrecision:
          precision = read.Int32();
          break;
        case field::kSchemaLogicalType:
          read.Struct();
          element.meaning = LogicalMeaning(reader);
          break;
        default:
          break;
      }
    }
  }
  if (element.meaning.empty() && converted >= 0)
    element.meaning = ConvertedMeaning(converted, precision, scale);
  // An annotation that only repeats the physical type says nothing (duckdb writes INT_64 on INT64).
  if ((element.type == 2 && element.meaning == "int64") ||
      (element.type == 1 && element.meaning == "int32"))
    element.meaning.clear();
  element.thrift.end = static_cast<uint32_t>(reader.position());
  return element;
}

class SchemaWalk {
 public:
  SchemaWalk(ThriftReader& reader, size_t num_elements, Footer::Representation& footer)
      : reader_(reader), left_(num_elements), footer_(footer) {}

  void Run() {
    if (left_ == 0) return reader_.Fail("the schema of the footer is empty");
    --left_;
    const Element root = ReadElement(reader_);
    for (int64_t i = 0; reader_.ok() && i < root.num_children; ++i) {
      footer_.column_first_leaf.push_back(static_cast<uint32_t>(footer_.leaves.size()));
      Node({}, 0, 0, {}, true, 0, 0);
    }
    footer_.column_first_leaf.push_back(static_cast<uint32_t>(footer_.leaves.size()));
    if (reader_.ok() && left_ != 0)
      reader_.Fail("the schema of the footer has elements that belong to no column", {},
                   StrCat(left_, " elements"));
  }

 private:
  // `silent`: the name is one that writers choose freely and readers ignore (`list`, `element`,
  // `item`, `key_value`).
  void Node(std::vector<std::string> path, int definition, int repetition, std::string shape,
            bool silent, int depth, size_t path_bytes) {
    if (depth > kMaxSchemaDepth)
      return reader_.Fail("the schema of the footer is nested too deeply",
                          StrCat("at most ", kMaxSchemaDepth, " levels"));
    if (left_ == 0)
      return reader_.Fail("the schema of the footer has fewer elements than it announces");
    --left_;
    const Element element = ReadElement(reader_);
    if (!reader_.ok()) return;
    if (element.repetition < 0 || element.repetition > 2) {
      return reader_.Fail(StrCat("column `", element.name, "` has an unknown repetition"),
                          "0, 1 or 2", std::to_string(element.repetition));
    }
    if (depth == 0) footer_.column_names.emplace_back(element.name);
    path.emplace_back(element.name);
    path_bytes += element.name.size();
    text_bytes_ += path_bytes + shape.size();
    if (text_bytes_ > kMaxSchemaTextBytes)
      return reader_.Fail("the schema of the footer is too large",
                          StrCat("at most ", FormatBytes(kMaxSchemaTextBytes), " of names"));
    static constexpr const char* kRepetitions[] = {"required", "optional", "repeated"};
    definition += element.repetition != 0;
    repetition += element.repetition == 2;
    if (!shape.empty()) shape += " / ";
    shape += kRepetitions[element.repetition];
    if (!silent) shape += StrCat(" `", element.name, "`");
    if (element.has_type && element.num_children == 0) {
      AddLeaf(element, std::move(path), definition, repetition, std::move(shape));
    } else {
      shape += " group";
      if (!element.meaning.empty()) shape += StrCat("(", element.meaning, ")");
      Children(element, path, definition, repetition, shape, depth, path_bytes);
    }
  }

  void Children(const Element& element, const std::vector<std::string>& path, int definition,
                int repetition, const std::string& shape, int depth, size_t path_bytes) {
    // parquet-format LogicalTypes.md, "Lists": the repeated group of a list is a level of its own
    // unless it has several fields or is called `array` or `<list>_tuple`; then it is the element,
    // and its fields' names count.
    const bool is_list = element.meaning == "list", is_map = element.meaning == "map";
    const bool in_repeated = element.repetition == 2 && list_depth_ == depth && depth > 0;
    const bool in_map = in_repeated && list_is_map_;
    const bool plain_level = in_repeated && element.num_children == 1 && element.name != "array" &&
                             !element.name.ends_with("_tuple");
    for (int64_t i = 0; reader_.ok() && i < element.num_children; ++i) {
      if (is_list || is_map) {
        list_depth_ = depth + 1;
        list_is_map_ = is_map;
      } else {
        list_depth_ = -1;
      }
      Node(path, definition, repetition, shape, is_list || is_map || in_map || plain_level,
           depth + 1, path_bytes);
    }
  }

  void AddLeaf(const Element& element, std::vector<std::string> path, int definition,
               int repetition, std::string shape) {
    static constexpr const char* kTypes[] = {
        "boolean", "int32",  "int64",      "int96",
        "float",   "double", "byte_array", "fixed_len_byte_array"};
    if (element.type < 0 || element.type > 7) {
      return reader_.Fail(StrCat("column `", Join(path, "."), "` has an unknown physical type"),
                          "0 to 7", std::to_string(element.type));
    }
    shape += StrCat(" ", kTypes[element.type]);
    if (element.type == 7) shape += StrCat("(", element.type_length, ")");
    if (!element.meaning.empty()) shape += StrCat(" ", element.meaning);
    Leaf leaf;
    leaf.path = std::move(path);
    leaf.type = static_cast<PhysicalType>(element.type);
    leaf.max_definition_level = definition;
    leaf.max_repetition_level = repetition;
    leaf.shape = std::move(shape);
    footer_.leaves.push_back(std::move(leaf));
    footer_.leaf_column.push_back(static_cast<uint32_t>(footer_.column_names.size() - 1));
    footer_.leaf_schema_elements.push_back(element.thrift);
    footer_.leaf_is_signed.push_back(!element.meaning.starts_with("uint"));
  }

  ThriftReader& reader_;
  size_t left_;
  Footer::Representation& footer_;
  int list_depth_ =
      -1;  // depth of the repeated group that the present LIST or MAP group introduces
  bool list_is_map_ = false;
  size_t text_bytes_ = 0;
};

}  // namespace

Status ParseSchema(ThriftReader& reader, size_t num_elements, Footer::Representation& footer) {
  SchemaWalk(reader, num_elements, footer).Run();
  return reader.status();
}

}  // namespace robomerge::parquet
