// Makes Parquet files in memory with Arrow, for the tests of formats/parquet.
#pragma once

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/file_splice.h"
#include "formats/parquet/memory_file_internal.h"

#define ASSERT_OK(expression)                         \
  do {                                                \
    const ::robomerge::Status status_ = (expression); \
    ASSERT_TRUE(status_.ok()) << status_.ToString();  \
  } while (false)
#define ASSERT_OK_AND_ASSIGN(left, expression) \
  ASSERT_OK_AND_ASSIGN_IMPL(ROBOMERGE_CONCAT(result_, __LINE__), left, expression)
#define ASSERT_OK_AND_ASSIGN_IMPL(result, left, expression) \
  auto result = (expression);                               \
  ASSERT_TRUE(result.ok()) << result.status().ToString();   \
  left = std::move(result).value()

namespace robomerge::parquet::testing {

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> Column(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values)
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::Array> Int64s(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

inline std::vector<int64_t> Range(int64_t first, int64_t count, int64_t step = 1) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(first + i * step);
  return values;
}

inline std::shared_ptr<::parquet::WriterProperties> PlainProperties() {
  return ::parquet::WriterProperties::Builder()
      .compression(::parquet::Compression::SNAPPY)
      ->build();
}

/// Writes the tables as one row group each.
inline std::string WriteParquet(
    const std::vector<std::shared_ptr<arrow::Table>>& row_groups,
    const std::shared_ptr<::parquet::WriterProperties>& properties = PlainProperties(),
    bool store_schema = true) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  ::parquet::ArrowWriterProperties::Builder arrow_properties;
  if (store_schema) arrow_properties.store_schema();
  auto writer = ::parquet::arrow::FileWriter::Open(*row_groups.front()->schema(),
                                                   arrow::default_memory_pool(), sink, properties,
                                                   arrow_properties.build())
                    .ValueOrDie();
  for (const auto& table : row_groups) {
    EXPECT_TRUE(writer->WriteTable(*table, std::max<int64_t>(table->num_rows(), 1)).ok());
  }
  EXPECT_TRUE(writer->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

inline std::shared_ptr<arrow::Table> ReadParquet(const std::string& bytes) {
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  auto reader = ::parquet::arrow::OpenFile(source, arrow::default_memory_pool()).ValueOrDie();
  auto table = reader->ReadTable();
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return table.ok() ? *table : nullptr;
}

// Opened sources of one splice.
struct Sources {
  explicit Sources(const std::vector<std::string>& contents) {
    for (size_t i = 0; i < contents.size(); ++i) {
      files.push_back(
          std::make_unique<MemoryFile>("source-" + std::to_string(i) + ".parquet", contents[i]));
      footers.push_back(std::make_unique<Footer>(Footer::Read(*files.back()).value()));
      sources.push_back({files.back().get(), footers.back().get()});
    }
  }
  /// One row group of the destination per row group of the sources.
  std::vector<RowGroupSource> EveryRowGroup() const {
    std::vector<RowGroupSource> all;
    for (uint32_t i = 0; i < sources.size(); ++i) {
      uint64_t row = 0;
      for (const RowGroup& row_group : sources[i].footer->row_groups()) {
        if (row_group.num_rows > 0)
          all.push_back({i, row, static_cast<uint64_t>(row_group.num_rows), {}});
        row += static_cast<uint64_t>(row_group.num_rows);
      }
    }
    return all;
  }

  std::vector<std::unique_ptr<MemoryFile>> files;
  std::vector<std::unique_ptr<Footer>> footers;
  std::vector<SpliceSource> sources;
};

}  // namespace robomerge::parquet::testing
