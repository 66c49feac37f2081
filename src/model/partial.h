// A run of consecutive sources, described: what the reduction tree combines.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/dataset.h"
#include "model/rope.h"
#include "robomerge/source.h"

namespace robomerge {

/// Where the rows of one episode lie.
struct DataPlace {
  uint32_t data_file = 0;
  const EpisodeRows* rows = nullptr;  ///< within the Dataset
};

/// Where the frames of one episode lie for one video key.
struct VideoPlace {
  uint32_t video_file = 0;
  uint64_t first_frame =
      0;  ///< within the file; exact where the file's frames lie on the frame grid
  double from_timestamp =
      0;  ///< corrected to the grid where there is one, otherwise as the source says
};

/// One source with its claims checked against its files and its places resolved.
struct DescribedSource {
  std::shared_ptr<const Dataset> dataset;
  std::string name;                                   ///< as SourceSpec::name
  Adaptation adaptation;                              ///< what was done to the dataset
  std::vector<DataPlace> data_places;                 ///< one per episode
  std::vector<std::vector<VideoPlace>> video_places;  ///< [video key of the dataset][episode]
  /// Of the dataset: its own of stats.json, or aggregated from its episodes. Never null.
  std::shared_ptr<const std::vector<FeatureStatistics>> statistics;
  /// Payload-only facts of cost: bytes of all data and video files.
  uint64_t payload_bytes = 0;
  /// MetadataFingerprint of this source, taken where sources are made, in parallel: the plan, which
  /// is serial, only copies it.
  uint64_t metadata_fingerprint = 0;
};

/// A name for what a source's metadata say beside its episodes: schema, tasks and statistics.
uint64_t MetadataFingerprint(const DescribedSource& source);

/// A distinct schema and the first source that states it.
struct SchemaClass {
  std::shared_ptr<const Schema> schema;
  std::string fingerprint;
  uint64_t first_source = 0;  ///< position among the sources of the Partial
  std::string first_root;
  uint64_t num_sources = 0;
};

/// The union of task tables in order of first appearance.
struct TaskTable {
  std::vector<std::string> tasks;
  std::map<std::string, uint32_t, std::less<>> index;

  /// The task's number, given now if it is new.
  uint32_t Add(const std::string& task);
};

/// The law it obeys: reduce/combine.h.
struct Partial {
  Rope<std::shared_ptr<const DescribedSource>> sources;
  std::vector<SchemaClass> schemas;  ///< distinct, in order of first appearance
  TaskTable tasks;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  uint64_t payload_bytes = 0;
  Rope<Problem> warnings;
};

}  // namespace robomerge
