#include "write/shared_indexes.h"

#include "base/path.h"
#include "formats/parquet/older_features.h"

namespace robomerge {
namespace {

// An episode may lie in several files. More are kept only as long as a step holds them.
constexpr size_t kMostTables = 4;

// The columns that are written anew.
std::vector<std::string> NewColumns(const MergePlan& plan) {
  std::vector<std::string> columns = {"episode_index", "index", "task_index"};
  for (const TextColumn& column : plan.text_columns) columns.push_back(column.name);
  return columns;
}

// The columns under the rules of the source that gives the schema; none if it has no rules.
std::vector<parquet::DestinationColumn> ColumnsOf(const Dataset& dataset,
                                                  const parquet::Footer& footer) {
  const parquet::ColumnChanges* changes = dataset.column_changes.get();
  std::vector<parquet::DestinationColumn> columns;
  if (changes == nullptr) return columns;
  for (const std::string& name : parquet::ColumnsInDestination(changes, footer.column_names())) {
    parquet::DestinationColumn column;
    column.name = name;
    column.owner_column = parquet::SourceColumnOf(changes, name).value_or("");
    const parquet::ColumnChange* change = changes->Of(name);
    const bool is_new_form = change != nullptr && (change->source_column.empty() ||
                                                   change->is_cast || !change->elements.empty());
    if (is_new_form) {
      const Feature& feature = *dataset.schema.Find(name);
      column.dtype = feature.dtype();
      column.shape = feature.shape();
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

Result<std::shared_ptr<SourceTable>> SharedIndexes::Table(uint32_t source, uint32_t data_file) {
  const std::pair<uint32_t, uint32_t> number(source, data_file);
  if (const auto known = tables_.find(number); known != tables_.end()) return known->second;
  if (tables_.size() >= kMostTables) tables_.clear();
  const Dataset& dataset = *context_.plan->sources[source]->dataset;
  const DataFile& file = dataset.data_files[data_file];
  auto pooled = std::make_shared<io::PooledFile>(*context_.sources, file.path, file.size_bytes);
  ROBOMERGE_ASSIGN_OR_RETURN(parquet::Footer footer, parquet::Footer::Read(*pooled));
  parquet::PicturesByPath pictures = PicturesOf(dataset, footer);
  return tables_[number] = std::make_shared<SourceTable>(
             SourceTable{std::move(pooled), std::move(footer), std::move(pictures), {}});
}

// Pictures that lie in files of the dataset beside the table; whether they do was checked when it
// was read.
parquet::PicturesByPath SharedIndexes::PicturesOf(const Dataset& dataset,
                                                  const parquet::Footer& footer) const {
  parquet::PicturesByPath pictures;
  pictures.columns = parquet::ColumnsWithoutBytes(footer, dataset.schema.image_keys());
  pictures.read = [&file_system = *context_.file_system,
                   &root = dataset.root](const std::string& path) -> Result<std::string> {
    return io::ReadWholeFile(file_system, PathInside(root, path).value_or(path));
  };
  return pictures;
}

Result<std::shared_ptr<mp4::StreamCutter>> SharedIndexes::Cutter(const VideoFile& file) {
  if (video_ == nullptr || video_->file->path() != file.path) {
    auto video = std::make_shared<Video>();
    video->file = std::make_unique<io::PooledFile>(*context_.sources, file.path, file.size_bytes);
    ROBOMERGE_ASSIGN_OR_RETURN(mp4::ParsedStream stream, mp4::ParseStream(*video->file));
    video->cutter.emplace(*video->file, std::move(stream));
    video_ = std::move(video);
  }
  return std::shared_ptr<mp4::StreamCutter>(video_, &*video_->cutter);
}

Result<const parquet::DestinationSchema*> SharedIndexes::Schema() {
  if (!schema_) {
    const MergePlan& plan = *context_.plan;
    const Dataset& dataset = *plan.sources[plan.schema_source]->dataset;
    const DataFile& owner = dataset.data_files[plan.schema_data_file];
    const io::PooledFile file(*context_.sources, owner.path, owner.size_bytes);
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Footer footer, parquet::Footer::Read(file));
    ROBOMERGE_ASSIGN_OR_RETURN(schema_, parquet::DestinationSchema::From(
                                            file, footer, NewColumns(plan), plan.nullable_columns,
                                            ColumnsOf(dataset, footer)));
    // The readers of v2.1 use versions of `datasets` from its time.
    if (plan.version == CodebaseVersion::kV21) {
      ROBOMERGE_ASSIGN_OR_RETURN(schema_, parquet::WithOlderFeatures(*schema_));
    }
  }
  return &*schema_;
}

}  // namespace robomerge
