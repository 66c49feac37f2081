#include <parquet/column_reader.h>
#include <parquet/column_writer.h>
#include <parquet/file_reader.h>
#include <parquet/file_writer.h>

#include <algorithm>

#include "base/text.h"
#include "formats/parquet/arrow_boundary_internal.h"
#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/page_check_internal.h"

namespace robomerge::parquet {
namespace {

constexpr uint64_t kMagicBytes = 4;
constexpr int64_t kLevelsAtOnce = 1024;
// Arrow's writer looks at a page's size only between calls.
constexpr uint64_t kBytesAtOnce = uint64_t{1} << 20;
constexpr size_t kWriteBytes = size_t{1} << 20;
constexpr int64_t kPageBufferBytes = int64_t{1} << 20;

// The repetition words of a shape's levels, and the rest of each.
struct Level {
  bool is_required = false;
  std::string_view repetition, rest;
};

std::vector<Level> LevelsOf(std::string_view shape) {
  constexpr std::string_view kSeparator = " / ";
  std::vector<Level> levels;
  while (true) {
    const size_t end = std::min(shape.find(kSeparator), shape.size());
    const std::string_view level = shape.substr(0, end);
    const std::string_view word = level.substr(0, std::min(level.find(' '), level.size()));
    levels.push_back({word == "required", word, level.substr(word.size())});
    if (end == shape.size()) return levels;
    shape.remove_prefix(end + kSeparator.size());
  }
}

// The file that Arrow's writer makes of one chunk: the pages go to their place, what follows them
// is kept.
class PageSink : public arrow::io::OutputStream {
 public:
  PageSink(io::OutputFile& output, uint64_t offset) : output_(output), offset_(offset) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(position_); }
  arrow::Status Write(const void* data, int64_t length) override {
    std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(length));
    const size_t magic =
        position_ < kMagicBytes ? std::min(bytes.size(), kMagicBytes - position_) : 0;
    position_ += bytes.size();
    bytes.remove_prefix(magic);
    pending_ += bytes;
    if (!is_tail_ && pending_.size() >= kWriteBytes) WritePending();
    return status_.ok() ? arrow::Status::OK() : arrow::Status::IOError(status_.ToString());
  }

  /// All pages are written: what comes now is kept.
  void EndPages() {
    WritePending();
    is_tail_ = true;
    tail_begin_ = position_;
  }
  const Status& status() const { return status_; }
  uint64_t tail_begin() const { return tail_begin_; }
  uint64_t size() const { return position_; }
  std::string_view tail() const { return pending_; }

 private:
  void WritePending() {
    if (status_.ok() && !pending_.empty())
      status_ = output_.WriteAt(offset_, std::as_bytes(std::span<const char>(pending_)));
    offset_ += pending_.size();
    pending_.clear();
  }

  io::OutputFile& output_;
  uint64_t offset_;
  uint64_t position_ = 0, tail_begin_ = 0;
  std::string pending_;
  Status status_;
  bool is_tail_ = false, closed_ = false;
};

::parquet::Repetition::type RepetitionOf(std::string_view word) {
  return word == "required"   ? ::parquet::Repetition::REQUIRED
         : word == "repeated" ? ::parquet::Repetition::REPEATED
                              : ::parquet::Repetition::OPTIONAL;
}

// A schema of this leaf alone, as nullable as `shape` says.
std::shared_ptr<::parquet::schema::GroupNode> SchemaOf(const ::parquet::ColumnDescriptor& column,
                                                       std::string_view shape) {
  const std::vector<Level> levels = LevelsOf(shape);
  const auto* primitive =
      static_cast<const ::parquet::schema::PrimitiveNode*>(column.schema_node().get());
  size_t depth = levels.size();
  ::parquet::schema::NodePtr node = ::parquet::schema::PrimitiveNode::Make(
      primitive->name(), RepetitionOf(levels.at(--depth).repetition), primitive->logical_type(),
      primitive->physical_type(), primitive->type_length());
  for (const ::parquet::schema::Node* parent = primitive->parent(); parent->parent() != nullptr;
       parent = parent->parent()) {
    const auto meaning = parent->logical_type();
    node = ::parquet::schema::GroupNode::Make(parent->name(),
                                              RepetitionOf(levels.at(--depth).repetition), {node},
                                              meaning && meaning->is_nested() ? meaning : nullptr);
  }
  return std::static_pointer_cast<::parquet::schema::GroupNode>(
      ::parquet::schema::GroupNode::Make("schema", ::parquet::Repetition::REQUIRED, {node}));
}

uint64_t SizeOf(const ::parquet::ByteArray& value) { return value.len; }
template <typename Value>
uint64_t SizeOf(const Value&) {
  return sizeof(Value);
}

template <typename Type>
class TypedChunkStream : public ChunkStream {
 public:
  TypedChunkStream(const io::RandomAccessFile& file, const Footer::Representation& footer,
                   size_t leaf, const Leaf& destination, LevelMap levels)
      : file_(file),
        footer_(footer),
        leaf_(leaf),
        destination_(destination),
        level_map_(std::move(levels)),
        is_repeated_(footer.leaves[leaf].max_repetition_level > 0),
        max_definition_(footer.leaves[leaf].max_definition_level) {}

  Result<StreamedChunk> Write(uint64_t first_row, uint64_t num_rows, bool page_index,
                              io::OutputFile& output, uint64_t offset) override {
    PageSink* sink_status = nullptr;
    auto written = AtArrowBoundary(
        StrCat("cannot encode column `", Join(footer_.leaves[leaf_].path, "."), "` anew"),
        StrCat(footer_.path, ": row ", WithSeparators(first_row)), [&]() -> Result<StreamedChunk> {
          ROBOMERGE_RETURN_NOT_OK(MoveTo(first_row));
          ::parquet::WriterProperties::Builder properties;
          properties.compression(::parquet::Compression::SNAPPY)
              ->version(::parquet::ParquetVersion::PARQUET_2_6);
          page_index ? properties.enable_write_page_index() : properties.disable_write_page_index();
          const auto sink = std::make_shared<PageSink>(output, offset);
          sink_ = sink;
          sink_status = sink.get();
          const auto writer = ::parquet::ParquetFileWriter::Open(
              sink, SchemaOf(*column_->descr(), destination_.shape), properties.build());
          ::parquet::RowGroupWriter* row_group = writer->AppendRowGroup();
          auto* chunk = static_cast<Writer*>(row_group->NextColumn());
          for (uint64_t row = first_row; row < first_row + num_rows;) {
            ROBOMERGE_RETURN_NOT_OK(MoveTo(row));
            const uint64_t count = std::min(row_group_end_ - row, first_row + num_rows - row);
            ROBOMERGE_RETURN_NOT_OK(Take(count, chunk));
            row += count;
          }
          row_group->Close();
          sink->EndPages();
          writer->Close();
          return Finish(*sink);
        });
    // What the system said, and not what Arrow made of it.
    if (sink_status && !sink_status->status().ok()) return sink_status->status();
    return written;
  }

 private:
  using Value = typename Type::c_type;
  using Reader = ::parquet::TypedColumnReader<Type>;
  using Writer = ::parquet::TypedColumnWriter<Type>;

  Result<StreamedChunk> Finish(const PageSink& sink) const {
    const std::string_view tail = sink.tail();
    const uint64_t footer_bytes = LittleEndian32(tail.substr(tail.size() - kTailBytes));
    const size_t footer_begin = tail.size() - kTailBytes - footer_bytes;
    StreamedChunk chunk;
    ROBOMERGE_ASSIGN_OR_RETURN(
        chunk.footer, ParseFooter(footer_.path, sink.size(), sink.tail_begin() + footer_begin,
                                  std::string(tail.substr(footer_begin, footer_bytes))));
    const ChunkPlace& place = chunk.footer->place(0, 0);
    // Arrow leaves out the column index where bounds are too long; a length of 0 is none.
    const auto part = [&](uint64_t begin, uint32_t length) {
      return std::string(length > 0 ? tail.substr(begin - sink.tail_begin(), length) : "");
    };
    chunk.column_index = part(place.column_index_offset, place.column_index_bytes);
    chunk.offset_index = part(place.offset_index_offset, place.offset_index_bytes);
    return chunk;
  }

  // Makes `row` the next one.
  Status MoveTo(uint64_t row) {
    if (!column_ || row < next_row_ || row >= row_group_end_) {
      const auto after =
          std::upper_bound(footer_.first_rows.begin(), footer_.first_rows.end() - 1, row);
      ROBOMERGE_RETURN_NOT_OK(Open(static_cast<size_t>(after - footer_.first_rows.begin()) - 1));
    }
    return row > next_row_ ? Take(row - next_row_, nullptr) : Status();
  }

  Status Open(size_t row_group) {
    ROBOMERGE_RETURN_NOT_OK(PageCheck(file_, footer_).CheckChunk(row_group, leaf_));
    column_ = nullptr;
    ::parquet::ReaderProperties properties = ::parquet::default_reader_properties();
    properties.enable_buffered_stream();
    properties.set_buffer_size(kPageBufferBytes);
    reader_ = ::parquet::ParquetFileReader::Open(
        ArrowFile(file_), properties, ArrowMetaData(SubsetFooter(footer_, row_group, 1)));
    column_ =
        std::static_pointer_cast<Reader>(reader_->RowGroup(0)->Column(static_cast<int>(leaf_)));
    next_row_ = footer_.first_rows[row_group];
    row_group_end_ = footer_.first_rows[row_group + 1];
    num_levels_ = at_level_ = at_value_ = 0;
    return Status();
  }

  // Passes `count` rows on to `writer`, or over them. The values lie in the reader's page, which
  // the next ReadBatch may release: they are written before that.
  Status Take(uint64_t count, Writer* writer) {
    uint64_t rows = 0;
    while (true) {
      if (at_level_ == num_levels_) {
        if (rows == count && !is_repeated_) break;
        if (!column_->HasNext()) break;
        int64_t num_values = 0;
        num_levels_ = static_cast<size_t>(column_->ReadBatch(
            kLevelsAtOnce, definitions_.data(), repetitions_.data(), values_.get(), &num_values));
        at_level_ = at_value_ = 0;
        if (num_levels_ == 0) break;
      }
      size_t end = at_level_;
      for (; end < num_levels_; ++end) {
        if (is_repeated_ && repetitions_[end] != 0) continue;
        if (rows == count) break;
        ++rows;
      }
      if (end == at_level_) break;  // the next row begins here
      ROBOMERGE_RETURN_NOT_OK(Pass(end, writer));
    }
    next_row_ += rows;
    if (rows == count) return Status();
    return Problem(Code::kCorrupt, "the pages of a row group contradict its footer")
        .At(StrCat(footer_.path, ": row ", WithSeparators(next_row_)))
        .Expected(StrCat("rows up to ", WithSeparators(row_group_end_)))
        .Found("the end of a column chunk");
  }

  Status Pass(size_t end, Writer* writer) {
    while (at_level_ < end) {
      const size_t begin = at_level_, first_value = at_value_;
      uint64_t bytes = 0;
      for (; at_level_ < end && bytes < kBytesAtOnce; ++at_level_) {
        if (max_definition_ > 0 && definitions_[at_level_] < max_definition_) continue;
        bytes += SizeOf(values_[at_value_++]);
      }
      if (!writer) continue;
      if (!level_map_.empty()) {
        for (size_t at = begin; at < at_level_; ++at) {
          const int16_t level = max_definition_ > 0 ? definitions_[at] : int16_t{0};
          mapped_[at] = level_map_[static_cast<size_t>(level)];
          if (mapped_[at] < 0) return NullFound();
        }
      }
      const int16_t* definitions = level_map_.empty() ? definitions_.data() : mapped_.data();
      writer->WriteBatch(static_cast<int64_t>(at_level_ - begin), definitions + begin,
                         repetitions_.data() + begin, values_.get() + first_value);
    }
    return Status();
  }

  Status NullFound() const {
    const std::string& column = footer_.leaves[leaf_].path.front();
    return Problem(Code::kIncompatible,
                   StrCat("column `", column, "` has nulls where the destination allows none"))
        .At(StrCat(footer_.path, ": column `", column, "`"))
        .Expected(destination_.shape);
  }

  const io::RandomAccessFile& file_;
  const Footer::Representation& footer_;
  const size_t leaf_;
  const Leaf& destination_;
  const LevelMap level_map_;
  const bool is_repeated_;
  const int max_definition_;

  std::unique_ptr<::parquet::ParquetFileReader> reader_;  // of one row group
  std::shared_ptr<Reader> column_;
  std::shared_ptr<PageSink> sink_;
  uint64_t next_row_ = 0, row_group_end_ = 0;
  // What was read and is not passed on yet.
  std::vector<int16_t> definitions_ = std::vector<int16_t>(kLevelsAtOnce);
  std::vector<int16_t> repetitions_ = std::vector<int16_t>(kLevelsAtOnce);
  std::vector<int16_t> mapped_ = std::vector<int16_t>(kLevelsAtOnce);
  std::unique_ptr<Value[]> values_ = std::make_unique<Value[]>(kLevelsAtOnce);
  size_t num_levels_ = 0, at_level_ = 0, at_value_ = 0;
};

}  // namespace

std::optional<LevelMap> MatchLevels(std::string_view source_shape,
                                    std::string_view destination_shape) {
  if (source_shape == destination_shape) return LevelMap();
  const std::vector<Level> source = LevelsOf(source_shape),
                           destination = LevelsOf(destination_shape);
  if (source.size() != destination.size()) return std::nullopt;
  LevelMap map;
  int16_t level = 0;
  for (size_t at = 0; at < source.size(); ++at) {
    const bool both_repeat =
        (source[at].repetition == "repeated") == (destination[at].repetition == "repeated");
    if (!both_repeat || source[at].rest != destination[at].rest) return std::nullopt;
    // A level that ends here stands for a null, or an empty list, at this node.
    if (!source[at].is_required) map.push_back(destination[at].is_required ? int16_t{-1} : level);
    if (!destination[at].is_required) ++level;
  }
  map.push_back(level);
  return map;
}

std::unique_ptr<ChunkStream> ChunkStream::Make(const io::RandomAccessFile& file,
                                               const Footer::Representation& footer, size_t leaf,
                                               const Leaf& destination, LevelMap levels) {
  const auto make = [&]<typename Type>(Type) -> std::unique_ptr<ChunkStream> {
    return std::make_unique<TypedChunkStream<Type>>(file, footer, leaf, destination,
                                                    std::move(levels));
  };
  switch (footer.leaves[leaf].type) {
    case PhysicalType::kBoolean:
      return make(::parquet::BooleanType());
    case PhysicalType::kInt32:
      return make(::parquet::Int32Type());
    case PhysicalType::kInt64:
      return make(::parquet::Int64Type());
    case PhysicalType::kInt96:
      return make(::parquet::Int96Type());
    case PhysicalType::kFloat:
      return make(::parquet::FloatType());
    case PhysicalType::kDouble:
      return make(::parquet::DoubleType());
    case PhysicalType::kByteArray:
      return make(::parquet::ByteArrayType());
    case PhysicalType::kFixedLenByteArray:
      return make(::parquet::FLBAType());
  }
  return nullptr;
}

}  // namespace robomerge::parquet
