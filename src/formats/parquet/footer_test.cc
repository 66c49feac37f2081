#include "formats/parquet/footer.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "formats/parquet/footer_internal.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Int64s;
using testing::WriteParquet;

std::shared_ptr<arrow::Table> SomeTable(int64_t first, int64_t count) {
  const auto lists = arrow::list(arrow::field("element", arrow::float32()));
  const auto pair =
      arrow::struct_({arrow::field("bytes", arrow::binary()), arrow::field("path", arrow::utf8())});
  arrow::FieldVector fields = {arrow::field("action", lists), arrow::field("image", pair),
                               arrow::field("index", arrow::int64(), false)};
  return arrow::Table::Make(
      arrow::schema(fields),
      {arrow::MakeArrayOfNull(lists, count).ValueOrDie(),
       arrow::MakeArrayOfNull(pair, count).ValueOrDie(), Int64s(testing::Range(first, count))});
}

std::string SomeFile() { return WriteParquet({SomeTable(10, 3), SomeTable(13, 4)}); }

Status ReadStatus(const std::string& bytes) {
  return Footer::Read(MemoryFile("dir/f.parquet", bytes)).status();
}

// Replaces the footer of a file.
std::string WithFooter(const std::string& file, const std::string& footer) {
  const auto footer_of = [](const std::string& bytes) {
    uint32_t length = 0;
    std::memcpy(&length, bytes.data() + bytes.size() - 8, 4);
    return length;
  };
  std::string out = file.substr(0, file.size() - 8 - footer_of(file)) + footer;
  const auto length = static_cast<uint32_t>(footer.size());
  out.append(reinterpret_cast<const char*>(&length), 4);
  return out + "PAR1";
}

// A footer with one field changed: `path` are field numbers from FileMetaData down; lists are
// entered at their first element.
class FooterEdit {
 public:
  using Write = std::function<void(int16_t id, ThriftWriter&)>;
  FooterEdit(std::vector<int16_t> path, Write write)
      : path_(std::move(path)), write_(std::move(write)) {}

  std::string Apply(const std::string& file) {
    const auto parsed = ParseFileInMemory("x", file);
    const std::string& bytes = (*parsed)->bytes;
    ThriftReader reader(bytes, "x", "footer", 0);
    std::string out;
    ThriftWriter writer(out);
    Struct(reader, writer, 0);
    return WithFooter(file, out);
  }

 private:
  void Struct(ThriftReader& reader, ThriftWriter& writer, size_t level) {
    writer.BeginStruct();
    bool found = false;
    for (ThriftStructReader read(reader, "Any"); read.Next();) {
      const int16_t id = read.id();
      const ThriftType type = read.type();
      if (level >= path_.size() || id != path_[level]) {
        writer.Raw(id, type, read.Value());
        continue;
      }
      found = true;
      if (level + 1 == path_.size()) {
        read.Value();
        write_(id, writer);
      } else if (type == ThriftType::kStruct) {
        read.Struct();
        writer.Raw(id, type, {});
        Struct(reader, writer, level + 1);
      } else {
        const size_t size = read.List(ThriftType::kStruct);
        writer.ListField(id, ThriftType::kStruct, size);
        for (size_t i = 0; i < size; ++i) {
          const size_t begin = reader.position();
          if (i == 0) {
            Struct(reader, writer, level + 1);
          } else {
            reader.Skip(ThriftType::kStruct);
            writer.ElementRaw(reader.since(begin));
          }
        }
      }
    }
    if (!found && level + 1 == path_.size()) write_(path_[level], writer);
    writer.EndStruct();
  }

  std::vector<int16_t> path_;
  Write write_;
};

FooterEdit::Write Integer(int64_t value) {
  return [value](int16_t id, ThriftWriter& writer) { writer.I64(id, value); };
}

TEST(Footer, ReadsSchemaRowGroupsAndStatistics) {
  const std::string bytes = SomeFile();
  ASSERT_OK_AND_ASSIGN(const Footer footer, Footer::Read(MemoryFile("f.parquet", bytes)));
  EXPECT_EQ(footer.num_rows(), 7);
  EXPECT_THAT(footer.column_names(), ElementsAre("action", "image", "index"));
  ASSERT_EQ(footer.leaves().size(), 4u);
  EXPECT_THAT(footer.leaves()[0].path, ElementsAre("action", "list", "element"));
  EXPECT_EQ(footer.leaves()[0].shape, "optional group(list) / repeated group / optional float");
  EXPECT_EQ(footer.leaves()[0].max_definition_level, 3);
  EXPECT_EQ(footer.leaves()[0].max_repetition_level, 1);
  EXPECT_EQ(footer.leaves()[2].shape, "optional group / optional `path` byte_array string");
  EXPECT_EQ(footer.leaves()[3].shape, "required int64");
  ASSERT_EQ(footer.row_groups().size(), 2u);
  const ColumnChunk& index = footer.row_groups()[1].columns[3];
  EXPECT_EQ(index.min_value, 13);
  EXPECT_EQ(index.max_value, 16);
  EXPECT_EQ(index.num_values, 4);
  EXPECT_EQ(footer.row_groups()[0].columns[0].begin, 4u);
  EXPECT_THAT(std::string(footer.created_by()), HasSubstr("parquet-cpp-arrow"));
  EXPECT_TRUE(footer.key_value("ARROW:schema").has_value());
  EXPECT_FALSE(footer.key_value("huggingface").has_value());
  const auto arrow_metadata =
      ::parquet::arrow::OpenFile(
          std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)),
          arrow::default_memory_pool())
          .ValueOrDie()
          ->parquet_reader()
          ->metadata();
  uint64_t uncompressed_bytes = 0;
  for (int i = 0; i < 2; ++i)
    uncompressed_bytes += static_cast<uint64_t>(arrow_metadata->RowGroup(i)->total_byte_size());
  EXPECT_EQ(footer.uncompressed_bytes(), uncompressed_bytes);
}

TEST(Footer, ShapesIgnoreInnerListNamesAndPlainAnnotationsOnly) {
  const auto shape_of = [](const std::shared_ptr<arrow::DataType>& type, bool nullable = true) {
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", type, nullable)}),
                                          {arrow::MakeEmptyArray(type).ValueOrDie()});
    return Footer::Read(MemoryFile("f", WriteParquet({table})))->leaves()[0].shape;
  };
  const auto list_of = [](const std::string& name, bool nullable) {
    return arrow::list(arrow::field(name, arrow::int64(), nullable));
  };
  EXPECT_EQ(shape_of(list_of("item", true)),
            shape_of(arrow::large_list(arrow::field("element", arrow::int64()))));
  EXPECT_EQ(shape_of(arrow::fixed_size_list(arrow::int64(), 3)), shape_of(list_of("x", true)));
  EXPECT_NE(shape_of(list_of("item", true)), shape_of(list_of("item", false)));
  EXPECT_NE(shape_of(arrow::int64()), shape_of(arrow::int64(), false));
  EXPECT_NE(shape_of(arrow::int64()), shape_of(arrow::uint64()));
  EXPECT_NE(shape_of(arrow::timestamp(arrow::TimeUnit::MILLI)),
            shape_of(arrow::timestamp(arrow::TimeUnit::MICRO)));
  EXPECT_NE(shape_of(arrow::timestamp(arrow::TimeUnit::MILLI)),
            shape_of(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")));
  EXPECT_NE(shape_of(arrow::utf8()), shape_of(arrow::binary()));
  EXPECT_NE(shape_of(arrow::fixed_size_binary(3)), shape_of(arrow::fixed_size_binary(4)));
  const auto pair = [](const char* a, const char* b) {
    return arrow::struct_({arrow::field(a, arrow::int64()), arrow::field(b, arrow::int64())});
  };
  EXPECT_NE(shape_of(pair("a", "b")), shape_of(pair("b", "a")));
  EXPECT_NE(shape_of(arrow::list(pair("a", "b"))), shape_of(arrow::list(pair("c", "b"))));
}

TEST(Footer, RefusesWhatIsNotParquetOrWasCutOff) {
  const std::string file = SomeFile();
  EXPECT_THAT(ReadStatus("").ToString(), HasSubstr("an empty file"));
  EXPECT_THAT(ReadStatus(std::string(200, 'x')).ToString(), HasSubstr("E-foreign-file"));
  EXPECT_THAT(ReadStatus(std::string(200, '\1')).ToString(),
              HasSubstr("found \"....\" at its begin"));
  EXPECT_THAT(ReadStatus(file.substr(0, 4)).ToString(), HasSubstr("E-unfinished-file"));
  EXPECT_THAT(ReadStatus(file.substr(0, file.size() - 1)).ToString(), HasSubstr("at its end"));
  std::string longer = file;
  longer[file.size() - 6] = '\x7f';
  EXPECT_THAT(ReadStatus(longer).ToString(), HasSubstr("the footer is longer than the file"));
  std::string encrypted = file;
  encrypted.replace(file.size() - 4, 4, "PARE");
  EXPECT_EQ(ReadStatus(encrypted).code(), Code::kUnsupported);
  // A file whose head is lost keeps an intact footer: every chunk then lies outside.
  const std::string head_lost = "PAR1" + file.substr(file.size() / 3);
  EXPECT_EQ(ReadStatus(head_lost).code(), Code::kCorrupt);
}

TEST(Footer, RefusesWhatContradictsItself) {
  using namespace field;
  struct Case {
    std::vector<int16_t> path;
    FooterEdit::Write write;
    Code code;
    const char* message;
  };
  const std::vector<int16_t> meta = {kFileRowGroups, kRowGroupColumns, kChunkMetaData};
  const auto in_meta = [&](int16_t id) {
    std::vector<int16_t> path = meta;
    path.push_back(id);
    return path;
  };
  const auto text = [](std::string value) {
    return [value](int16_t id, ThriftWriter& writer) { writer.Binary(id, value); };
  };
  const Case cases[] = {
      {{kFileNumRows}, Integer(8), Code::kCorrupt, "the rows of the row groups do not add up"},
      {{kFileNumRows}, Integer(-1), Code::kCorrupt, "field 3 of FileMetaData is negative"},
      {{kFileNumRows},
       [](int16_t, ThriftWriter&) {},
       Code::kCorrupt,
       "lacks its schema, its number of rows or its row groups"},
      {{kFileRowGroups, kRowGroupNumRows},
       Integer(-3),
       Code::kCorrupt,
       "field 3 of RowGroup is negative"},
      {{kFileRowGroups, kRowGroupNumRows}, Integer(INT64_MAX), Code::kCorrupt, "number of values"},
      {{kFileCreatedBy},
       text("parquet-mr version 1.2.8 (build abc)"),
       Code::kUnsupported,
       "PARQUET-816"},
      {{kFileEncryption}, Integer(1), Code::kUnsupported, "encrypted"},
      {{kFileSchema, kSchemaNumChildren},
       Integer(4),
       Code::kCorrupt,
       "fewer elements than it announces"},
      {{kFileSchema, kSchemaNumChildren}, Integer(2), Code::kCorrupt, "belong to no column"},
      {{kFileRowGroups, kRowGroupColumns, kChunkFilePath},
       text("other.parquet"),
       Code::kUnsupported,
       "lies in another file, `other.parquet`"},
      {{kFileRowGroups, kRowGroupColumns, kChunkCrypto},
       Integer(1),
       Code::kUnsupported,
       "is encrypted"},
      {{kFileRowGroups, kRowGroupColumns, kChunkOffsetIndexOffset},
       Integer(-4),
       Code::kCorrupt,
       "is negative"},
      {in_meta(kMetaType), Integer(2), Code::kCorrupt,
       "column `action.list.element` of row group 0 has another physical type"},
      {in_meta(kMetaNumValues), Integer(2), Code::kCorrupt,
       "expected at least 3 values, found 2 values"},
      {in_meta(kMetaCompressedBytes), Integer(-1), Code::kCorrupt,
       "field 7 of ColumnMetaData is negative"},
      {in_meta(kMetaCompressedBytes), Integer(INT64_MAX), Code::kCorrupt,
       "lies outside the data of the file"},
      {in_meta(kMetaCompressedBytes), Integer(0), Code::kCorrupt, "has values but no bytes"},
      {in_meta(kMetaCompressedBytes), Integer(100), Code::kCorrupt, "overlap"},
      {in_meta(kMetaUncompressedBytes), Integer(-7), Code::kCorrupt,
       "field 6 of ColumnMetaData is negative"},
      {in_meta(kMetaUncompressedBytes), Integer(INT64_MAX), Code::kCorrupt, "do not fit 64 bits"},
      {in_meta(kMetaDataPageOffset), Integer(-9), Code::kCorrupt,
       "field 9 of ColumnMetaData is negative"},
      {in_meta(kMetaDataPageOffset), Integer(1), Code::kCorrupt,
       "lies outside the data of the file"},
      {in_meta(kMetaDataPageOffset), Integer(INT64_MAX), Code::kCorrupt, "lies outside"},
      {in_meta(kMetaIndexPageOffset), Integer(INT64_MAX), Code::kCorrupt,
       "a page of column `action.list.element` of row group 0 lies outside of it"},
      {meta, [](int16_t, ThriftWriter&) {}, Code::kCorrupt, "has no metadata"},
  };
  const std::string file = SomeFile();
  for (const Case& one : cases) {
    const Status status = ReadStatus(FooterEdit(one.path, one.write).Apply(file));
    ASSERT_FALSE(status.ok()) << one.message;
    EXPECT_THAT(status.ToString(), HasSubstr(one.message));
    EXPECT_EQ(status.code(), one.code) << status.ToString();
    EXPECT_THAT(status.ToString(), HasSubstr("dir/f.parquet"));
  }
}

TEST(Footer, AcceptsAParquetMrAfterTheFix) {
  const auto created_by = [](const std::string& name) {
    return FooterEdit({field::kFileCreatedBy},
                      [name](int16_t id, ThriftWriter& writer) { writer.Binary(id, name); })
        .Apply(SomeFile());
  };
  EXPECT_TRUE(ReadStatus(created_by("parquet-mr version 1.2.9")).ok());
  EXPECT_TRUE(ReadStatus(created_by("parquet-mr version 1.13.1 (build 1)")).ok());
  EXPECT_TRUE(ReadStatus(created_by("something else")).ok());
  EXPECT_EQ(ReadStatus(created_by("parquet-mr version 0.9.9")).code(), Code::kUnsupported);
  EXPECT_EQ(ReadStatus(created_by("parquet-mr")).code(), Code::kUnsupported);
}

TEST(Footer, EveryTruncationOfTheFooterIsRefused) {
  const std::string file = SomeFile();
  const std::string bytes = (*ParseFileInMemory("x", file))->bytes;
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_EQ(ReadStatus(WithFooter(file, bytes.substr(0, length))).code(), Code::kCorrupt)
        << length;
  }
}

// Nulls cost a few bytes however many there are.
std::string ManyNulls(int64_t num_rows) {
  const auto nulls = std::make_shared<arrow::NullArray>(num_rows);
  return WriteParquet(
      {arrow::Table::Make(arrow::schema({arrow::field("n", arrow::null())}), {nulls})});
}

TEST(Footer, RefusesMoreRowsThanItsBytesCanHold) {
  const std::string file = ManyNulls((int64_t{1} << 24) + 1);
  ASSERT_LT(file.size(), 100'000u);
  const Status status = ReadStatus(file);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_THAT(status.ToString(), HasSubstr("claims more rows than its bytes can hold"));
  EXPECT_THAT(status.ToString(), HasSubstr("16,777,217"));
}

// No crash, no sanitizer report; whatever is accepted keeps what the header promises.
TEST(Footer, DamagedFootersAreRefusedOrKeepTheirPromises) {
  const std::string file = SomeFile();
  const std::string bytes = (*ParseFileInMemory("x", file))->bytes;
  std::mt19937 random(7);
  int refused = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    std::string damaged = bytes;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto footer = Footer::Read(MemoryFile("f", WithFooter(file, damaged)));
    if (!footer.ok()) {
      ++refused;
      EXPECT_NE(footer.status().code(), Code::kInternal);
      continue;
    }
    const uint64_t footer_begin = footer->representation().footer_begin;
    for (const RowGroup& row_group : footer->row_groups()) {
      ASSERT_EQ(row_group.columns.size(), footer->leaves().size());
      for (const ColumnChunk& chunk : row_group.columns) {
        ASSERT_TRUE(chunk.num_values == 0 || chunk.begin + chunk.compressed_bytes <= footer_begin);
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace robomerge::parquet
