// Splices whose sources have rules: columns renamed, left out, and all at once.
#include "formats/parquet/column_change.h"

#include <gmock/gmock.h>
#include <parquet/page_index.h>

#include <cmath>

#include "formats/parquet/footer_internal.h"
#include "testing/column_rules_internal.h"

namespace robomerge::parquet {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The rules with which both sources have `move`, `word` and `index`.
const std::vector<DestinationColumn> kMoves = {
    {"move", "action"}, {"word", "text"}, {"index", "index"}};
const ColumnChanges kRenames = {
    {{.column = "move", .source_column = "action"}, {.column = "word", .source_column = "text"}},
    {}};

struct Layout {
  uint64_t alignment_bytes;
  bool page_index;
};

class ChangedColumns : public ::testing::TestWithParam<Layout> {
 protected:
  SpliceOptions Options() const {
    return {.alignment_bytes = GetParam().alignment_bytes,
            .keep_page_index = GetParam().page_index};
  }
};
INSTANTIATE_TEST_SUITE_P(Layouts, ChangedColumns,
                         ::testing::Values(Layout{1, true}, Layout{1, false}, Layout{4096, true}));

TEST_P(ChangedColumns, RenamedOnesAreCopiedByteForByte) {
  const auto properties = ::parquet::WriterProperties::Builder()
                              .enable_write_page_index()
                              ->data_pagesize(256)
                              ->write_batch_size(16)
                              ->build();
  Sources sources({WriteParquet({Episode(0, 200), Episode(200, 70)}, properties)});
  const std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  const std::vector<ColumnChanges> changes = {kRenames};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, kMoves, row_groups, Options()));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  EXPECT_EQ(spliced.report.encoded_bytes, 0u);
  const Footer footer = Footer::Read(MemoryFile("out", spliced.bytes)).value();
  EXPECT_THAT(footer.column_names(), ElementsAre("move", "word", "index"));
  for (size_t group = 0; group < 2; ++group) {
    for (size_t leaf = 0; leaf < 3; ++leaf) {
      const ColumnChunk& from = sources.footers[0]->row_groups()[group].columns[leaf];
      const ColumnChunk& to = footer.row_groups()[group].columns[leaf];
      EXPECT_EQ(spliced.bytes.substr(to.begin, to.compressed_bytes),
                sources.files[0]->bytes().substr(from.begin, from.compressed_bytes));
    }
  }
  const auto reader = ::parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(spliced.bytes)));
  const auto chunk = reader->metadata()->RowGroup(1)->ColumnChunk(0);
  EXPECT_EQ(chunk->path_in_schema()->ToDotString(), "move.list.element");
  EXPECT_EQ(chunk->GetOffsetIndexLocation().has_value(), GetParam().page_index);
  if (GetParam().page_index) {
    EXPECT_GT(reader->GetPageIndexReader()->RowGroup(1)->GetOffsetIndex(0)->page_locations().size(),
              1u);
  }
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST_P(ChangedColumns, EveryRuleAtOnceInManySources) {
  const auto schema_owner = TableOf({{"action", Fixed(Floats({1, 2, 3, 4, 5, 6}), 3)},
                                     {"text", Texts({"a", std::nullopt})},
                                     {"reward", Floats({0.5F, 1})},
                                     {"unused", Int64s({7, 8})},
                                     {"index", Int64s({0, 1})}});
  const auto other =
      TableOf({{"index", Int64s({0, 1, 2})},
               {"arm", Lists(Doubles({1, 2, 3.1, 4, std::nullopt, 6}), {0, 2, 4, 6})},
               {"reward", Doubles({0.1, std::nullopt, 3})}});
  const auto third = TableOf({{"word", Texts({"x"})},
                              {"action", Fixed(Floats({1, 2, 3}), 3)},
                              {"success", Bools({true})},
                              {"index", Int64s({5})}});
  Sources sources({WriteParquet({schema_owner}),
                   WriteParquet({other->Slice(0, 0), other->Slice(0, 2), other->Slice(2)}),
                   WriteParquet({third})});
  const std::vector<DestinationColumn> columns = {{"action", "action", "float32", {4}},
                                                  {"word", "text"},
                                                  {"gain", "reward", "float32", {1}},
                                                  {"success", "", "bool", {1}},
                                                  {"index", "index"}};
  const std::vector<ColumnChanges> changes = {
      {{{.column = "action", .source_column = "action", .elements = {2, 0, 1, -1}},
        {.column = "word", .source_column = "text"},
        {.column = "gain", .source_column = "reward", .is_cast = true},
        {.column = "success", .source_column = "", .fill = false}},
       {"unused"}},
      {{{.column = "action", .source_column = "arm", .elements = {1, 0, -1, -1}, .is_cast = true},
        {.column = "word", .source_column = "", .fill = std::string("none")},
        {.column = "gain", .source_column = "reward", .is_cast = true},
        {.column = "success", .source_column = "", .fill = true}},
       {}},
      {{{.column = "action", .source_column = "action", .elements = {0, 1, 2, -1}},
        {.column = "gain", .source_column = "", .fill = int64_t{-2}}},
       {}}};
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups.push_back({1, 1, 2, {}});                                  // across row groups
  row_groups.push_back({0, 0, 2, {}, {}, {}, {{1, 0, 3}, {2, 0, 1}}});  // of several sources
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, columns, row_groups, Options()));
  const auto rows = spliced.table->CombineChunks().ValueOrDie();
  EXPECT_THAT(rows->ColumnNames(), ElementsAre("action", "word", "gain", "success", "index"));
  const auto null = std::nullopt;
  const float f = 3.1F, g = 0.1F;
  ExpectColumn(
      rows, "action",
      Fixed(Floats({3, 1, 2, 0, 6, 4,    5, 0,                                            //
                    2, 1, 0, 0, 4, f,    0, 0, 6, null, 0, 0,                             //
                    1, 2, 3, 0,                                                           //
                    4, f, 0, 0, 6, null, 0, 0,                                            //
                    3, 1, 2, 0, 6, 4,    5, 0, 2, 1,    0, 0, 4, f, 0, 0, 6, null, 0, 0,  //
                    1, 2, 3, 0}),
            4));
  ExpectColumn(rows, "word",
               Texts({"a", null, "none", "none", "none", "x", "none", "none", "a", null, "none",
                      "none", "none", "x"}));
  ExpectColumn(rows, "gain", Floats({0.5F, 1, g, null, 3, -2, null, 3, 0.5F, 1, g, null, 3, -2}));
  ExpectColumn(rows, "success",
               Bools({false, false, true, true, true, true, true, true, false, false, true, true,
                      true, true}));
  ASSERT_EQ(spliced.report.rounded.size(), 2u);
  EXPECT_EQ(spliced.report.rounded[0].first, "action");
  EXPECT_EQ(spliced.report.rounded[0].second.largest_change, std::fabs(3.1 - double{f}));
  EXPECT_EQ(spliced.report.rounded[0].second.num_changed, 3u);
  EXPECT_EQ(spliced.report.rounded[1].first, "gain");
  ExpectProved(sources, changes, row_groups, spliced.bytes);
  ASSERT_OK_AND_ASSIGN(const Spliced again,
                       RunRules(sources, changes, columns, row_groups, Options()));
  EXPECT_EQ(spliced.bytes, again.bytes);
}

// Reads of a range are an error.
class FileWithHole : public MemoryFile {
 public:
  FileWithHole(std::string bytes, uint64_t begin, uint64_t length)
      : MemoryFile("holed.parquet", std::move(bytes)), begin_(begin), end_(begin + length) {}
  Status ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (offset < end_ && offset + out.size() > begin_ && out.size() < end_ - begin_)
      return Problem(Code::kIo, "what is left out was read");
    return MemoryFile::ReadAt(offset, out);
  }

 private:
  uint64_t begin_, end_;
};

ArrayPointer ManyTexts() {
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 20000; ++i) texts.push_back("some text " + std::to_string(i * 7919));
  return Texts(texts);
}

TEST(ColumnChange, WhatIsLeftOutIsNotRead) {
  const std::string bytes =
      WriteParquet({TableOf({{"text", ManyTexts()}, {"index", Int64s(Range(0, 20000))}})});
  Sources sources({bytes});
  const ColumnChunk& chunk = sources.footers[0]->row_groups()[0].columns[0];
  const FileWithHole holed(bytes, chunk.begin, chunk.compressed_bytes);
  sources.sources[0].file = &holed;
  const std::vector<ColumnChanges> changes = {{{}, {"text"}}};
  std::vector<RowGroupSource> row_groups = sources.EveryRowGroup();
  row_groups.push_back({0, 5, 100, {}});
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, changes, {{"index", "index"}}, row_groups));
  EXPECT_EQ(spliced.table->num_columns(), 1);
  ExpectProved(sources, changes, row_groups, spliced.bytes);
}

TEST_P(ChangedColumns, NoByteOfWhatIsLeftOutIsCopied) {
  const std::string bytes = WriteParquet({TableOf({{"a", Int64s(Range(7, 20000, 104729))},
                                                   {"text", ManyTexts()},
                                                   {"b", Int64s(Range(9, 20000, 7919))}})});
  Sources sources({bytes});
  const ColumnChunk& chunk = sources.footers[0]->row_groups()[0].columns[1];
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, {{{}, {"text"}}}, {{"a", "a"}, {"b", "b"}},
                                sources.EveryRowGroup(), Options()));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
  for (const uint64_t at : {uint64_t{0}, chunk.compressed_bytes / 2})
    EXPECT_EQ(spliced.bytes.find(bytes.substr(chunk.begin + at, 64)), std::string::npos) << at;
}

TEST(ColumnChange, LargeColumnsAreStreamedUnderTheirNewName) {
  const std::string picture(200000, 'p');
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back(picture + std::to_string(i % 3));
  Sources sources(
      {WriteParquet({TableOf({{"text", Texts(texts)}, {"step", Int64s(Range(0, 1000))}})})});
  const std::vector<ColumnChanges> changes = {
      {{{.column = "word", .source_column = "text"},
        {.column = "score", .source_column = "", .fill = 0.25},
        {.column = "time", .source_column = "step", .is_cast = true}},
       {}}};
  std::vector<RowGroupSource> row_groups = {{0, 100, 800, {}}};
  ASSERT_OK_AND_ASSIGN(
      const Spliced spliced,
      RunRules(sources, changes,
               {{"word", "text"}, {"score", "", "float64", {1}}, {"time", "step", "float32", {1}}},
               row_groups));
  ExpectProved(sources, changes, row_groups, spliced.bytes);
  row_groups[0].progressions = {{"time", 1, 4}};
  ASSERT_OK_AND_ASSIGN(
      const Spliced retimed,
      RunRules(sources, changes,
               {{"word", "text"}, {"score", "", "float64", {1}}, {"time", "step", "float32", {1}}},
               row_groups));
  EXPECT_EQ(retimed.table->GetColumnByName("time")->GetScalar(3).ValueOrDie()->ToString(), "0.75");
}

TEST(ColumnChange, RefusesRulesThatDoNotFit) {
  struct Case {
    ColumnChanges changes;
    Code code;
    const char* message;
  };
  const Case cases[] = {
      {{{{.column = "nowhere", .source_column = "text"}}, {}}, Code::kInvalidArgument, "nowhere"},
      {{{{.column = "text", .source_column = "index"}}, {}},
       Code::kInvalidArgument,
       "two columns of a source would become column `text`"},
      {{{{.column = "text", .source_column = "index"},
         {.column = "index", .source_column = "index"}},
        {}},
       Code::kInvalidArgument,
       "two of column `index`"},
      {{{{.column = "text", .source_column = "other"}}, {"text"}},
       Code::kIncompatible,
       "column `other` is missing"},
      {{{}, {"text"}}, Code::kIncompatible, "column `text` is missing"},
      {{{{.column = "action", .source_column = "action", .elements = {-1, -2}}}, {}},
       Code::kInvalidArgument,
       "other numbers"},
  };
  for (const Case& one : cases) {
    Sources sources({WriteParquet({Episode(0, 5)})});
    const Status status = RunRules(sources, {one.changes}, {}, sources.EveryRowGroup()).status();
    EXPECT_EQ(status.code(), one.code) << one.message;
    EXPECT_THAT(status.ToString(), HasSubstr(one.message));
  }
}

TEST(ColumnChange, SwapsNames) {
  const auto table = TableOf({{"a", Int64s({1, 2})}, {"b", Int64s({3, 4})}});
  Sources sources({WriteParquet({table}), WriteParquet({table})});
  const ColumnChanges swap = {
      {{.column = "a", .source_column = "b"}, {.column = "b", .source_column = "a"}}, {}};
  ASSERT_OK_AND_ASSIGN(const Spliced spliced,
                       RunRules(sources, {{}, swap}, {}, sources.EveryRowGroup()));
  const auto rows = spliced.table->CombineChunks().ValueOrDie();
  ExpectColumn(rows, "a", Int64s({1, 2, 3, 4}));
  ExpectColumn(rows, "b", Int64s({3, 4, 1, 2}));
  EXPECT_EQ(spliced.report.num_chunks_decoded, 0u);
}

TEST(ColumnChange, TheComparerFindsWhatTheRulesDoNotMake) {
  const MemoryFile source_file(
      "source", WriteParquet({TableOf({{"a", Doubles({1.25, 2})}, {"x", Int64s({1, 2})}})}));
  const MemoryFile file(
      "file", WriteParquet({TableOf(
                  {{"b", Floats({1.25F, 3})}, {"c", Int64s({5, 6})}, {"x", Int64s({1, 2})}})}));
  const Footer source = Footer::Read(source_file).value(), footer = Footer::Read(file).value();
  const ColumnChanges changes = {{{.column = "b", .source_column = "a", .is_cast = true},
                                  {.column = "c", .source_column = "", .fill = int64_t{5}},
                                  {.column = "lost", .source_column = "", .fill = true}},
                                 {"x"}};
  RowComparer comparer(file, footer, source_file, source, {"b", "c", "x", "lost", "a"}, {},
                       &changes);
  ASSERT_OK_AND_ASSIGN(const ComparedRows compared, comparer.Compare(0, 0, 2));
  std::vector<std::string> found;
  for (const RowDifference& one : compared.differences)
    found.push_back(one.column + " " + std::to_string(one.row) + " " + one.expected + " " +
                    one.found);
  EXPECT_THAT(found, ElementsAre("x 0 no such column a column", "lost 0 a column no such column",
                                 "b 1 2 3", "c 1 5 6"));
}

TEST(ColumnChange, TheComparerTellsOfValuesThatTheRuleRefuses) {
  const MemoryFile source_file("source", WriteParquet({TableOf({{"a", Doubles({1, 300})}})}));
  const MemoryFile file(
      "file", WriteParquet({TableOf({{"a", Numbers<arrow::Int8Type, int8_t>({1, 44})}})}));
  const Footer source = Footer::Read(source_file).value(), footer = Footer::Read(file).value();
  const ColumnChanges changes = {{{.column = "a", .source_column = "a", .is_cast = true}}, {}};
  RowComparer comparer(file, footer, source_file, source, {"a"}, {}, &changes);
  ASSERT_OK_AND_ASSIGN(const ComparedRows compared, comparer.Compare(0, 0, 2));
  ASSERT_EQ(compared.differences.size(), 1u);
  EXPECT_THAT(compared.differences[0].expected, HasSubstr("300.0 at source: column `a`, row 1"));
}

TEST(ColumnChange, NamesColumnsInTheDestination) {
  const ColumnChanges changes = {
      {{.column = "b", .source_column = "a"}, {.column = "new", .source_column = "", .fill = true}},
      {"x"}};
  EXPECT_THAT(ColumnsInDestination(&changes, {"x", "a", "c"}), ElementsAre("b", "c", "new"));
  EXPECT_THAT(ColumnsInDestination(nullptr, {"x", "a"}), ElementsAre("x", "a"));
  EXPECT_EQ(SourceColumnOf(&changes, "b"), "a");
  EXPECT_EQ(SourceColumnOf(&changes, "new"), "");
  EXPECT_EQ(SourceColumnOf(&changes, "a"), std::nullopt);
  EXPECT_EQ(SourceColumnOf(&changes, "x"), std::nullopt);
  EXPECT_EQ(SourceColumnOf(&changes, "c"), "c");
}

TEST(ColumnChange, TheOwnersOwnColumnsChangeNothing) {
  const Sources sources({WriteParquet({Episode(0, 5)})});
  const auto bytes_of = [&](const std::vector<DestinationColumn>& columns) {
    return DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {}, columns)
        .value()
        .footer()
        .representation()
        .bytes;
  };
  EXPECT_EQ(bytes_of({}), bytes_of({{"action", "action", "float32", {3}},
                                    {"text", "text", "string", {1}},
                                    {"index", "index"}}));
  EXPECT_NE(bytes_of({}), bytes_of({{"action", "action"}, {"index", "index"}}));
}

TEST(ColumnChange, DescribesColumnsAsDatasetsAndPandasDo) {
  const auto table =
      TableOf({{"v", Fixed(Floats({1, 2}), 2)}, {"s", Int64s({1})}, {"x", Texts({"t"})}})
          ->ReplaceSchemaMetadata(arrow::key_value_metadata(
              {"huggingface", "pandas", "other"},
              {R"({"info": {"features": {"v": {"feature": {"dtype": "float32", )"
               R"("_type": "Value"}, "length": 2, "_type": "Sequence"}, "s": {"dtype": "int64", )"
               R"("_type": "Value"}, "x": {"dtype": "string", "_type": "Value"}}}, )"
               R"("fingerprint": "f"})",
               R"({"index_columns": ["s", "x"], "columns": [{"name": "s", "field_name": "s", )"
               R"("pandas_type": "int64", "numpy_type": "int64", "metadata": null}, )"
               R"({"name": "x", "field_name": "x", "pandas_type": "unicode", )"
               R"("numpy_type": "object", "metadata": null}], "pandas_version": "2"})",
               "kept"}));
  const Sources sources({WriteParquet({table})});
  const auto schema = DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {},
                                              {{"step", "s"},
                                               {"v", "v", "float64", {3}},
                                               {"new", "", "bool", {1}},
                                               {"m", "", "int8", {2, 3}}});
  ASSERT_OK(schema.status());
  EXPECT_EQ(schema->footer().key_value("other"), "kept");
  EXPECT_EQ(schema->footer().key_value("huggingface"),
            R"({"info": {"features": {"step": {"dtype": "int64", "_type": "Value"}, )"
            R"("v": {"feature": {"dtype": "float64", "_type": "Value"}, )"
            R"("length": 3, "_type": "Sequence"}, "new": {"dtype": "bool", )"
            R"("_type": "Value"}, "m": {"shape": [2, 3], "dtype": "int8", )"
            R"("_type": "Array2D"}}}, "fingerprint": "f"})");
  EXPECT_EQ(schema->footer().key_value("pandas"),
            R"({"index_columns": ["step"], "columns": [{"name": "step", )"
            R"("field_name": "step", "pandas_type": "int64", "numpy_type": "int64", )"
            R"("metadata": null}, {"name": "v", "field_name": "v", )"
            R"("pandas_type": "list[float64]", "numpy_type": "object", "metadata": null}, )"
            R"({"name": "new", "field_name": "new", "pandas_type": "bool", )"
            R"("numpy_type": "bool", "metadata": null}, {"name": "m", "field_name": "m", )"
            R"("pandas_type": "list[list[int8]]", "numpy_type": "object", )"
            R"("metadata": null}], "pandas_version": "2"})");
}

TEST(ColumnChange, RefusesColumnsThatCannotBeMade) {
  const Sources sources({WriteParquet({Episode(0, 5)})});
  const DestinationColumn cases[] = {{"new", "", "image", {3, 4, 5}},
                                     {"new", "", "float16", {1}},
                                     {"new", "", "", {1}},
                                     {"new", "", "float32", {1, 2, 3, 4, 5, 6}},
                                     {"new", "", "float32", {0}},
                                     {"new", "nowhere"}};
  for (const DestinationColumn& one : cases) {
    const auto schema =
        DestinationSchema::From(*sources.files[0], *sources.footers[0], {}, {}, {one});
    EXPECT_EQ(schema.status().code(), Code::kIncompatible) << one.dtype;
  }
}

}  // namespace
}  // namespace robomerge::parquet
