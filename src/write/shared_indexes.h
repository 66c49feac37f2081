// The indexes of source files, kept while steps follow each other that need the same ones: those of
// episodes that lie in one source file, each of which becomes a file of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/mp4/stream_cutter.h"
#include "formats/parquet/file_splice.h"
#include "write/write.h"

namespace robomerge {

/// A data file of a source.
struct SourceTable {
  std::shared_ptr<io::PooledFile> file;
  parquet::Footer footer;
  parquet::PicturesByPath pictures;
  /// Columns of whole numbers, decoded when some episode with several of them asks: task_index, and
  /// others that mean texts.
  std::map<std::string, std::optional<std::vector<int64_t>>> numbers;
};

/// Not thread-safe. Whoever works on a step holds what it got from here.
class SharedIndexes {
 public:
  /// What the context points to must outlive this.
  explicit SharedIndexes(const WriteContext& context) : context_(context) {}

  Result<std::shared_ptr<SourceTable>> Table(uint32_t source, uint32_t data_file);
  Result<std::shared_ptr<mp4::StreamCutter>> Cutter(const VideoFile& file);
  /// That of all data files of the destination.
  Result<const parquet::DestinationSchema*> Schema();

 private:
  struct Video {
    std::unique_ptr<io::PooledFile> file;
    std::optional<mp4::StreamCutter> cutter;
  };
  parquet::PicturesByPath PicturesOf(const Dataset& dataset, const parquet::Footer& footer) const;

  const WriteContext& context_;
  std::map<std::pair<uint32_t, uint32_t>, std::shared_ptr<SourceTable>> tables_;
  std::shared_ptr<Video> video_;
  std::optional<parquet::DestinationSchema> schema_;
};

}  // namespace robomerge
