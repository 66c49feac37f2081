// The description of a range of consecutive sources: what the tree combines.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/dataset.h"
#include "model/rope.h"
#include "robomerge/options.h"
#include "robomerge/report.h"
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
  /// Within the file; exact if the file's frames lie on the frame grid.
  uint64_t first_frame = 0;
  /// Seconds within the file: moved to the grid if the frames lie on it, else as the source says.
  double from_timestamp = 0;
};

/// One source, its claims checked against its files, with the place of every episode.
struct DescribedSource {
  std::shared_ptr<const Dataset> dataset;
  std::string name;                                   ///< as SourceSpec::name
  Adaptation adaptation;                              ///< what was done to the dataset
  std::vector<DataPlace> data_places;                 ///< one per episode
  std::vector<std::vector<VideoPlace>> video_places;  ///< [video key of the dataset][episode]
  /// Each episode has a video file of its own in the dataset, or a part of one (VideoFile::cut), of
  /// which it shows frames from VideoPlace::first_frame on: as v2.1 needs them.
  bool is_split = false;
  /// Of the dataset: from stats.json, or else aggregated from its episodes. Never null.
  std::shared_ptr<const std::vector<FeatureStatistics>> statistics;
  /// Bytes of all data and video files.
  uint64_t payload_bytes = 0;
  /// MetadataFingerprint() of this source. Taken when the source is described, in parallel, so that
  /// the plan, which is serial, only copies it.
  uint64_t metadata_fingerprint = 0;
};

/// How many frames of a video an episode needs: as many as it has rows, and those between the first
/// one and that of row 0 (OddRows).
uint64_t NumPictures(const DescribedSource& source, const Dataset& dataset, size_t episode);

/// A fingerprint of what a source's metadata say apart from its episodes: schema, tasks,
/// statistics.
uint64_t MetadataFingerprint(const DescribedSource& source);

/// A distinct schema and the first source that states it.
struct SchemaClass {
  std::shared_ptr<const Schema> schema;
  std::string fingerprint;
  uint64_t first_source = 0;  ///< position among the sources of the Partial
  std::string first_root;
  uint64_t num_sources = 0;
};

/// The union of task tables, in order of first appearance.
struct TaskTable {
  std::vector<std::string> tasks;
  std::map<std::string, uint32_t, std::less<>> index;

  /// The number of the task, which is added if it is new.
  uint32_t Add(const std::string& task);
};

/// Two neighbours combine to one: reduce/combine.h has the law.
struct Partial {
  Rope<std::shared_ptr<const DescribedSource>> sources;
  std::vector<SchemaClass> schemas;  ///< distinct, in order of first appearance
  TaskTable tasks;
  TaskTable subtasks;
  uint64_t num_episodes = 0;
  uint64_t num_frames = 0;
  uint64_t payload_bytes = 0;
  Rope<Problem> warnings;
  SkipBroken skip_broken = SkipBroken::kNothing;  ///< the wish, of all sources the same
  std::vector<Skipped> skipped;                   ///< ascending by position
  uint64_t num_given = 0;  ///< of `sources`, and of those that are left out as a whole
};

/// The partial of one source that is described.
Partial LeafOf(std::shared_ptr<const DescribedSource> source, std::vector<Problem> warnings);

/// The positions of `sources` among those given.
std::vector<uint64_t> PositionsOf(const Partial& partial);

}  // namespace robomerge
