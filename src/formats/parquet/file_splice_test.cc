#include "formats/parquet/file_splice.h"

#include <gmock/gmock.h>
#include <parquet/page_index.h>

#include <map>
#include <random>

#include "formats/parquet/footer_internal.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::testing::HasSubstr;
using testing::Int64s;
using testing::Range;
using testing::Sources;
using testing::WriteParquet;
using TablePointer = std::shared_ptr<arrow::Table>;

std::shared_ptr<arrow::DataType> FloatList() {
  return arrow::list(arrow::field("element", arrow::float32()));
}

std::shared_ptr<arrow::Array> FloatLists(int64_t count, int64_t length, float first) {
  arrow::FloatBuilder values;
  arrow::Int32Builder offsets;
  for (int64_t i = 0; i <= count; ++i)
    EXPECT_TRUE(offsets.Append(static_cast<int32_t>(i * length)).ok());
  for (int64_t i = 0; i < count * length; ++i)
    EXPECT_TRUE(values.Append(first + static_cast<float>(i)).ok());
  return arrow::ListArray::FromArrays(FloatList(), *offsets.Finish().ValueOrDie(),
                                      *values.Finish().ValueOrDie())
      .ValueOrDie();
}

// Four columns as a recording has them, with nulls in the text.
TablePointer Episode(int64_t episode, int64_t first_index, int64_t length) {
  std::vector<std::optional<std::string>> texts;
  for (int64_t i = 0; i < length; ++i)
    texts.push_back(i % 3 == 1 ? std::nullopt
                               : std::optional<std::string>("text " + std::to_string(i % 5)));
  const auto schema = arrow::schema(
      {arrow::field("action", FloatList()), arrow::field("text", arrow::utf8()),
       arrow::field("episode_index", arrow::int64()), arrow::field("index", arrow::int64())});
  return arrow::Table::Make(schema,
                            {FloatLists(length, 3, static_cast<float>(episode)),
                             testing::Column<arrow::StringBuilder, std::string>(texts),
                             Int64s(std::vector<int64_t>(static_cast<size_t>(length), episode)),
                             Int64s(Range(first_index, length))});
}

struct Spliced {
  std::string bytes;
  SpliceReport report;
  size_t num_copies = 0;
  TablePointer table;
};

Result<Spliced> RunSplice(const Sources& sources, const std::vector<RowGroupSource>& row_groups,
                          const SpliceOptions& options = {},
                          const std::vector<std::string>& int64_columns = {}) {
  ROBOMERGE_ASSIGN_OR_RETURN(
      const auto schema,
      DestinationSchema::From(*sources.sources[0].file, *sources.sources[0].footer, int64_columns));
  MemoryOutput output("out.parquet");
  Spliced spliced;
  ROBOMERGE_ASSIGN_OR_RETURN(spliced.report,
                             WriteSplice(sources.sources, row_groups, schema, options, output));
  spliced.bytes = output.bytes();
  spliced.num_copies = output.num_copies;
  EXPECT_EQ(spliced.report.file_size_bytes, spliced.bytes.size());
  EXPECT_TRUE(Footer::Read(MemoryFile("out.parquet", spliced.bytes)).ok());
  spliced.table = testing::ReadParquet(spliced.bytes);
  EXPECT_TRUE(spliced.table && spliced.table->ValidateFull().ok());
  return spliced;
}

void ExpectEqual(const TablePointer& actual, const std::vector<TablePointer>& parts) {
  const auto expected = arrow::ConcatenateTables(parts).ValueOrDie();
  ASSERT_TRUE(actual->schema()->Equals(*expected->schema(), false))
      << actual->schema()->ToString() << expected->schema()->ToString();
  EXPECT_TRUE(actual->CombineChunks().ValueOrDie()->Equals(*expected->CombineChunks().ValueOrDie()))
      << actual->ToString();
}

TablePointer WithColumn(const TablePointer& table, const std::string& name,
                        const std::shared_ptr<arrow::Array>& values) {
  const int index = table->schema()->GetFieldIndex(name);
  return table
      ->SetColumn(index, table->field(index)->WithType(values->type()),
                  std::make_shared<arrow::ChunkedArray>(values))
      .ValueOrDie();
}

class SpliceLayouts : public ::testing::TestWithParam<uint64_t> {
 protected:
  SpliceOptions Options() const { return {.alignment_bytes = GetParam(), .keep_page_index = true}; }
};
INSTANTIATE_TEST_SUITE_P(PackedAndEmbedded, SpliceLayouts, ::testing::Values(1, 512, 4096));

TEST_P(SpliceLayouts, CopiesRowGroupsOfSeveralSources) {
  const std::vector<TablePointer> episodes = {Episode(0, 0, 40), Episode(1, 40, 7),
                                              Episode(0, 0, 30)};
  const Sources sources({WriteParquet({episodes[0], episodes[1]}), WriteParquet({episodes[2]})});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunSplice(sources, sources.EveryRowGroup(), Options()));
  ExpectEqual(spliced.table, episodes);
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  EXPECT_EQ(spliced.report.encoded_bytes, 0u);
  EXPECT_LE(spliced.num_copies, 2u);  // one range per source: nothing lies between the chunks
}

TEST_P(SpliceLayouts, ReplacesColumnsByRunsAndVectors) {
  const std::vector<TablePointer> episodes = {Episode(0, 0, 40), Episode(1, 40, 200),
                                              Episode(0, 0, 3)};
  const Sources sources({WriteParquet({episodes[0], episodes[1]}), WriteParquet({episodes[2]})});
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  std::vector<TablePointer> expected;
  int64_t row = 1000;
  for (size_t i = 0; i < row_groups.size(); ++i) {
    const auto num_rows = static_cast<int64_t>(row_groups[i].num_rows);
    std::vector<int64_t> squares;
    for (int64_t k = 0; k < num_rows; ++k) squares.push_back((k - 7) * k * 1000003);
    row_groups[i].replaced = {{"index", Int64Run{row, 1}}, {"episode_index", squares}};
    expected.push_back(WithColumn(WithColumn(episodes[i], "index", Int64s(Range(row, num_rows))),
                                  "episode_index", Int64s(squares)));
    row += num_rows;
  }
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups, Options()));
  ExpectEqual(spliced.table, expected);
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
}

TEST_P(SpliceLayouts, RegroupsRowsAcrossRowGroups) {
  const std::vector<TablePointer> written = {Episode(0, 0, 50), Episode(1, 50, 10),
                                             Episode(2, 60, 40)};
  const Sources sources({WriteParquet(written)});
  const TablePointer all = arrow::ConcatenateTables(written).ValueOrDie();
  // Cuts within, across and exactly at row groups; the last range goes back.
  const std::vector<std::pair<uint64_t, uint64_t>> ranges = {{0, 20},  {20, 35}, {55, 5},
                                                             {60, 40}, {50, 10}, {3, 1}};
  std::vector<RowGroupSource> row_groups;
  std::vector<TablePointer> expected;
  for (const auto& [first, count] : ranges) {
    row_groups.push_back({0, first, count, {}});
    expected.push_back(all->Slice(static_cast<int64_t>(first), static_cast<int64_t>(count)));
  }
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups, Options()));
  ExpectEqual(spliced.table, expected);
  EXPECT_EQ(spliced.report.num_chunks_decoded,
            4u * 4u);  // the ranges {60, 40} and {50, 10} are row groups
  const auto footer = Footer::Read(MemoryFile("out", spliced.bytes));
  ASSERT_EQ(footer->row_groups().size(), ranges.size());
  EXPECT_EQ(footer->row_groups()[1].num_rows, 35);
}

TEST_P(SpliceLayouts, KeepsThePageIndexOfCopiedNewAndDecodedChunks) {
  const auto properties = ::parquet::WriterProperties::Builder()
                              .enable_write_page_index()
                              ->data_pagesize(256)
                              ->write_batch_size(16)
                              ->build();
  const std::vector<TablePointer> written = {Episode(0, 0, 400), Episode(1, 400, 300)};
  const Sources sources({WriteParquet(written, properties), WriteParquet(written, properties)});
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups.push_back({1, 10, 500, {}});
  for (auto& row_group : row_groups) row_group.replaced = {{"index", Int64Run{5, 2}}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups, Options()));
  auto reader = ::parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(spliced.bytes)));
  const auto index_reader = reader->GetPageIndexReader();
  for (int i = 0; i < reader->metadata()->num_row_groups(); ++i) {
    const auto row_group = index_reader->RowGroup(i);
    for (int column = 0; column < 4; ++column) {
      const auto chunk = reader->metadata()->RowGroup(i)->ColumnChunk(column);
      const auto offsets = row_group->GetOffsetIndex(column);
      ASSERT_TRUE(offsets) << i << " " << column;
      ASSERT_TRUE(row_group->GetColumnIndex(column));
      int64_t end = chunk->data_page_offset(),
              sum = chunk->has_dictionary_page()
                        ? chunk->data_page_offset() - chunk->dictionary_page_offset()
                        : 0;
      for (const auto& page : offsets->page_locations()) {
        EXPECT_EQ(page.offset, end);
        end += page.compressed_page_size;
        sum += page.compressed_page_size;
      }
      EXPECT_EQ(sum, chunk->total_compressed_size());
    }
    // The last row group is decoded, and its pages are those of our own writer.
    if (i + 1 < reader->metadata()->num_row_groups()) {
      EXPECT_GT(row_group->GetOffsetIndex(0)->page_locations().size(), 1u);
    }
  }
  SpliceOptions without = Options();
  without.keep_page_index = false;
  ASSERT_OK_AND_ASSIGN(const Spliced plain, RunSplice(sources, row_groups, without));
  EXPECT_FALSE(::parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(
                                                      arrow::Buffer::FromString(plain.bytes)))
                   ->metadata()
                   ->RowGroup(0)
                   ->ColumnChunk(0)
                   ->GetOffsetIndexLocation());
}

TEST_P(SpliceLayouts, MatchesColumnsByNameWhateverTheirOrder) {
  const TablePointer a = Episode(0, 0, 20), b = Episode(1, 20, 30);
  const TablePointer permuted = b->SelectColumns({3, 0, 2, 1}).ValueOrDie();
  const Sources sources({WriteParquet({a}), WriteParquet({permuted})});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunSplice(sources, sources.EveryRowGroup(), Options()));
  ExpectEqual(spliced.table, {a, b});
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
}

TEST_P(SpliceLayouts, SkippedRowGroupsAndInterleavedSourcesAreRightToo) {
  std::vector<TablePointer> a, b;
  for (int64_t i = 0; i < 9; ++i) {
    a.push_back(Episode(i, i * 10, 10));
    b.push_back(Episode(100 + i, i * 11, 11));
  }
  a.insert(a.begin() + 4, Episode(0, 0, 0));
  const Sources sources({WriteParquet(a), WriteParquet(b)});
  a.erase(a.begin() + 4);
  std::vector<RowGroupSource> row_groups;
  std::vector<TablePointer> expected;
  for (uint64_t i = 0; i < 9; i += 2) {
    row_groups.push_back({0, i * 10, 10, {}});
    row_groups.push_back({1, (8 - i) * 11, 11, {}});
    expected.push_back(a[i]);
    expected.push_back(b[8 - i]);
  }
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups, Options()));
  ExpectEqual(spliced.table, expected);
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
}

TEST_P(SpliceLayouts, ASplicedFileIsASourceLikeAnyOther) {
  const std::vector<TablePointer> episodes = {Episode(0, 0, 40), Episode(1, 40, 7),
                                              Episode(2, 0, 30)};
  const Sources first({WriteParquet({episodes[0], episodes[1]}), WriteParquet({episodes[2]})});
  std::vector<RowGroupSource> row_groups = first.EveryRowGroup();
  for (auto& row_group : row_groups) row_group.replaced = {{"index", Int64Run{0, 1}}};
  ASSERT_OK_AND_ASSIGN(const Spliced once, RunSplice(first, row_groups, Options()));
  const Sources second({once.bytes, once.bytes});
  ASSERT_OK_AND_ASSIGN(const Spliced twice, RunSplice(second, second.EveryRowGroup(), Options()));
  ExpectEqual(twice.table, {once.table, once.table});
  ASSERT_OK_AND_ASSIGN(const Spliced again, RunSplice(second, second.EveryRowGroup(), Options()));
  EXPECT_EQ(twice.bytes, again.bytes);
}

// The destination's column, the source's column, and the same values in the destination's type.
struct CastCase {
  const char* name;
  std::shared_ptr<arrow::Field> destination, source;
  std::shared_ptr<arrow::Array> values, expected;
};

void PrintTo(const CastCase& one, std::ostream* out) { *out << one.name; }

class SpliceCasts : public ::testing::TestWithParam<CastCase> {};

std::shared_ptr<arrow::Array> FixedLists(const std::vector<std::optional<float>>& values,
                                         int32_t size) {
  return std::make_shared<arrow::FixedSizeListArray>(
      arrow::fixed_size_list(arrow::field("element", arrow::float32()), size),
      static_cast<int64_t>(values.size()) / size,
      testing::Column<arrow::FloatBuilder, float>(values));
}

std::vector<CastCase> CastCases() {
  using arrow::field;
  const auto int32s = testing::Column<arrow::Int32Builder, int32_t>({-5, 7, 8});
  const auto int64s = testing::Column<arrow::Int64Builder, int64_t>({-5, 7, 8});
  const auto floats = testing::Column<arrow::FloatBuilder, float>({0.5f, 1.25f, -3});
  const auto doubles = testing::Column<arrow::DoubleBuilder, double>({0.5, 1.25, -3});
  const auto lists = FloatLists(3, 2, 1), fixed = FixedLists({1, 2, 3, 4, 5, 6}, 2);
  const auto strings = testing::Column<arrow::StringBuilder, std::string>({"a", "b", "a"});
  return {
      {"Int32ToInt64", field("c", arrow::int64()), field("c", arrow::int32()), int32s, int64s},
      {"Int64ToInt32", field("c", arrow::int32()), field("c", arrow::int64()), int64s, int32s},
      {"RequiredToOptional", field("c", arrow::int64()), field("c", arrow::int64(), false), int64s,
       int64s},
      {"OptionalToRequired", field("c", arrow::int64(), false), field("c", arrow::int64()), int64s,
       int64s},
      {"FloatToDouble", field("c", arrow::float64()), field("c", arrow::float32()), floats,
       doubles},
      {"DoubleToFloat", field("c", arrow::float32()), field("c", arrow::float64()), doubles,
       floats},
      {"ListToFixed", field("c", fixed->type()), field("c", lists->type()), lists, fixed},
      {"BinaryToString", field("c", arrow::utf8()), field("c", arrow::binary()),
       strings->View(arrow::binary()).ValueOrDie(), strings},
  };
}
INSTANTIATE_TEST_SUITE_P(Types, SpliceCasts, ::testing::ValuesIn(CastCases()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(SpliceCasts, DecodesOnlyTheColumnThatDiffers) {
  const CastCase& one = GetParam();
  const auto other = Int64s({1, 2, 3});
  const auto table = [&](const std::shared_ptr<arrow::Field>& field,
                         const std::shared_ptr<arrow::Array>& values) {
    return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64()), field}),
                              {other, values});
  };
  const TablePointer destination = table(one.destination, one.expected);
  const Sources sources(
      {WriteParquet({destination}), WriteParquet({table(one.source, one.values)})});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, sources.EveryRowGroup()));
  ExpectEqual(spliced.table, {destination, destination});
  EXPECT_EQ(spliced.report.num_chunks_decoded, 1u);
}

TEST(Splice, FixedSizeListsOfTheSourceAreCopiedIntoPlainLists) {
  const auto table = [](const std::shared_ptr<arrow::Array>& values) {
    return arrow::Table::Make(arrow::schema({arrow::field("c", values->type())}), {values});
  };
  const Sources sources({WriteParquet({table(FloatLists(3, 2, 1))}),
                         WriteParquet({table(FixedLists({1, 2, 3, 4, 5, 6, 7, 8}, 4))})});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, sources.EveryRowGroup()));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  EXPECT_EQ(spliced.table->num_rows(), 5);
}

TEST(Splice, RefusesWhatCannotBeCastAndNamesFileAndColumn) {
  const auto table = [](const std::shared_ptr<arrow::Field>& field,
                        const std::shared_ptr<arrow::Array>& values) {
    return arrow::Table::Make(arrow::schema({field}), {values});
  };
  const auto with_null = testing::Column<arrow::Int64Builder, int64_t>({1, std::nullopt});
  const auto large = testing::Column<arrow::Int64Builder, int64_t>({1, int64_t{1} << 40});
  const auto narrow = testing::Column<arrow::Int32Builder, int32_t>({1, 2});
  const auto text = testing::Column<arrow::StringBuilder, std::string>({"a", "b"});
  struct Case {
    TablePointer destination, source;
    const char* message;
  };
  const Case cases[] = {
      {table(arrow::field("c", arrow::int64(), false), Int64s({1, 2})),
       table(arrow::field("c", arrow::int64()), with_null),
       "has nulls where the destination allows none"},
      {table(arrow::field("c", arrow::int32()), narrow),
       table(arrow::field("c", arrow::int64()), large), "cannot be converted"},
      {table(arrow::field("c", arrow::int64()), Int64s({1, 2})),
       table(arrow::field("c", arrow::utf8()), text), "cannot be converted"},
      {table(arrow::field("c", FixedLists({1, 2, 3}, 3)->type()),
             FixedLists({1, 2, 3, 4, 5, 6}, 3)),
       table(arrow::field("c", FloatList()), FloatLists(2, 2, 0)), "cannot be converted"},
      {table(arrow::field("c", arrow::int64()), Int64s({1, 2})),
       table(arrow::field("d", arrow::int64()), Int64s({1, 2})), "is not in the destination"},
  };
  for (const Case& one : cases) {
    const Sources sources({WriteParquet({one.destination}), WriteParquet({one.source})});
    const Status status = RunSplice(sources, sources.EveryRowGroup()).status();
    ASSERT_FALSE(status.ok()) << one.message;
    EXPECT_EQ(status.code(), Code::kIncompatible) << status.ToString();
    EXPECT_THAT(status.ToString(), HasSubstr(one.message));
    EXPECT_THAT(status.ToString(), HasSubstr("source-1.parquet"));
  }
}

TEST(Splice, RefusesAMissingColumnUnlessItIsReplaced) {
  const TablePointer whole = Episode(0, 0, 10);
  const TablePointer part = whole->RemoveColumn(3).ValueOrDie();
  const Sources sources({WriteParquet({whole}), WriteParquet({part})});
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  EXPECT_THAT(RunSplice(sources, row_groups).status().ToString(),
              HasSubstr("column `index` is missing at source-1.parquet"));
  row_groups[1].replaced = {{"index", Int64Run{0, 1}}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups));
  ExpectEqual(spliced.table, {whole, whole});
}

TEST(Splice, ForcesNarrowIntegersToInt64WithTheArrowSchema) {
  const auto schema =
      arrow::schema({arrow::field("x", arrow::utf8()), arrow::field("n", arrow::int32(), false),
                     arrow::field("u", arrow::uint8())},
                    arrow::key_value_metadata({"huggingface"}, {"{}"}));
  const auto table =
      arrow::Table::Make(schema, {testing::Column<arrow::StringBuilder, std::string>({"a", "b"}),
                                  testing::Column<arrow::Int32Builder, int32_t>({7, 8}),
                                  testing::Column<arrow::UInt8Builder, uint8_t>({200, 201})});
  const Sources sources({WriteParquet({table}), WriteParquet({table}, testing::PlainProperties(),
                                                             /*store_schema=*/false)});
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups[0].replaced = {{"n", Int64Run{int64_t{1} << 40, 1}}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups, {}, {"n", "u"}));
  EXPECT_EQ(spliced.table->schema()->field(1)->ToString(), "n: int64 not null");
  EXPECT_EQ(spliced.table->schema()->field(2)->ToString(), "u: int64");
  EXPECT_EQ(spliced.table->schema()->metadata()->Get("huggingface").ValueOr(""), "{}");
  const auto combined = spliced.table->CombineChunks().ValueOrDie();
  EXPECT_TRUE(combined->column(1)->chunk(0)->Equals(
      Int64s({int64_t{1} << 40, (int64_t{1} << 40) + 1, 7, 8})));
  EXPECT_TRUE(combined->column(2)->chunk(0)->Equals(Int64s({200, 201, 200, 201})));
  EXPECT_EQ(DestinationSchema::From(*sources.sources[0].file, *sources.sources[0].footer, {"x"})
                .status()
                .code(),
            Code::kIncompatible);
  EXPECT_EQ(DestinationSchema::From(*sources.sources[0].file, *sources.sources[0].footer, {"y"})
                .status()
                .code(),
            Code::kIncompatible);
}

// The fields of the ColumnMetaData of one chunk of the first row group, as bytes.
std::map<int16_t, std::string> MetaDataFields(const std::string& file, size_t leaf) {
  const auto footer = *ParseFileInMemory("f", file);
  ThriftReader reader(footer->span(footer->place(0, leaf).thrift), "f", "footer", 0);
  std::map<int16_t, std::string> fields;
  for (ThriftStructReader chunk(reader, "ColumnChunk"); chunk.Next();) {
    if (chunk.id() != field::kChunkMetaData) continue;
    chunk.Struct();
    for (ThriftStructReader meta(reader, "ColumnMetaData"); meta.Next();) {
      const int16_t id = meta.id();
      fields[id] = meta.Value();
    }
  }
  EXPECT_TRUE(reader.ok());
  return fields;
}

TEST(Splice, KeepsEveryFieldOfACopiedChunkButItsOffsets) {
  const TablePointer permuted = Episode(0, 0, 50)->SelectColumns({1, 0, 2, 3}).ValueOrDie();
  const Sources sources({WriteParquet({permuted})});
  const std::string& source = sources.files[0]->bytes();
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunSplice(sources, sources.EveryRowGroup(), {.alignment_bytes = 4096}));
  // At the same place, every byte stays.
  std::map<int16_t, std::string> original = MetaDataFields(source, 0);
  EXPECT_GT(original.size(), 10u);
  EXPECT_EQ(MetaDataFields(spliced.bytes, 0), original);
  // Moved to another place, and to another leaf, only the page offsets differ. `text` is leaf 1 of
  // the destination.
  const Sources both({WriteParquet({Episode(7, 0, 90)}), source});
  ASSERT_OK_AND_ASSIGN(const Spliced moved_splice,
                       RunSplice(both, {{1, 0, 50, {}}, {0, 0, 90, {}}}));
  std::map<int16_t, std::string> moved = MetaDataFields(moved_splice.bytes, 1);
  for (const int16_t offset : {field::kMetaDataPageOffset, field::kMetaDictionaryPageOffset}) {
    EXPECT_NE(moved[offset], original[offset]);
    moved[offset] = original[offset];
  }
  EXPECT_EQ(moved, original);
}

TEST(Splice, RefusesArgumentsThatDoNotFit) {
  const Sources sources({WriteParquet({Episode(0, 0, 10)})});
  const auto code_of = [&](RowGroupSource row_group, SpliceOptions options = {}) {
    return RunSplice(sources, {std::move(row_group)}, options).status().code();
  };
  EXPECT_EQ(code_of({1, 0, 10, {}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 11, {}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 5, UINT64_MAX, {}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 0, {}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 10, {{"action", Int64Run{}}}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 10, {{"nothing", Int64Run{}}}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 10, {{"index", std::vector<int64_t>{1}}}}), Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 10, {}}, {.alignment_bytes = 0, .keep_page_index = true}),
            Code::kInvalidArgument);
  EXPECT_EQ(code_of({0, 0, 10, {}}, {.alignment_bytes = 1000, .keep_page_index = true}),
            Code::kInvalidArgument);
}

// Damaged pages are copied as they are (the footer does not know), but decoding them must end in a
// Status.
TEST(Splice, DamagedPagesEndInAStatusWhenDecoded) {
  const std::string whole = WriteParquet({Episode(0, 0, 300)});
  std::mt19937 random(11);
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::string damaged = whole;
    const size_t data_end = Footer::Read(MemoryFile("f", whole))->representation().footer_begin;
    for (int flips = 0; flips < 4; ++flips)
      damaged[4 + random() % (data_end - 4)] = static_cast<char>(random());
    const MemoryFile file("f.parquet", damaged);
    const Footer footer = Footer::Read(file).value();
    const auto schema = DestinationSchema::From(file, footer, {}).value();
    const SpliceSource source{&file, &footer};
    const RowGroupSource half{0, 1, 200, {}};
    MemoryOutput output("out");
    const auto report = WriteSplice({&source, 1}, {&half, 1}, schema, {}, output);
    refused += !report.ok();
    EXPECT_TRUE(report.ok() || report.status().code() != Code::kInternal);
  }
  EXPECT_GT(refused, 50);
}

TEST(Splice, ManyRowGroupsKeepTheirOrderBeyondSixteenBits) {
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}), {Int64s({1})});
  const Sources sources({WriteParquet({table})});
  std::vector<RowGroupSource> row_groups(40000, RowGroupSource{0, 0, 1, {}});
  for (size_t i = 0; i < row_groups.size(); ++i)
    row_groups[i].replaced = {{"n", Int64Run{static_cast<int64_t>(i), 0}}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced, RunSplice(sources, row_groups));
  EXPECT_TRUE(spliced.table->CombineChunks().ValueOrDie()->column(0)->chunk(0)->Equals(
      Int64s(Range(0, 40000))));
}

// Nothing decodes what is copied.
TEST(Splice, RefusesPagesThatNoReaderCanDecode) {
  std::string bytes = WriteParquet({Episode(0, 0, 40)});
  const uint64_t begin =
      Footer::Read(MemoryFile("f", bytes)).value().row_groups()[0].columns[0].begin;
  bytes[begin + 3] = static_cast<char>(bytes[begin + 3] ^ 2);  // the size when decompressed
  const Sources sources({bytes});
  const Status status = RunSplice(sources, sources.EveryRowGroup()).status();
  ASSERT_EQ(status.code(), Code::kCorrupt);
  EXPECT_THAT(status.ToString(), HasSubstr("source-0.parquet: row group 0, byte 4"));
}

}  // namespace
}  // namespace robomerge::parquet
