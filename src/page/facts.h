// What a page shows, gathered before a word of it is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "robomerge/report.h"
#include "robomerge/stats.h"
#include "schedule/observer.h"

namespace robomerge::page {

/// A source of the merge that made the dataset.
struct SourceShare {
  std::string name;      ///< as the record keeps it; may be empty
  std::string location;  ///< empty where the merge is not known
  uint64_t num_episodes = 0, num_frames = 0;
};

struct EpisodeLength {
  uint64_t episode = 0;
  uint64_t num_frames = 0;
};

struct TaskUse {
  std::string text;
  uint64_t num_episodes = 0, num_frames = 0;
};

/// The first frame of an episode.
struct Thumbnail {
  uint64_t episode = 0;
  std::string jpeg;  ///< the bytes of a JPEG file
};

struct Camera {
  std::string name;
  std::string format;                      ///< "h264, 640 x 480", or "pictures, 640 x 480"
  uint64_t num_files = 0, size_bytes = 0;  ///< of videos
  std::vector<Thumbnail> thumbnails;
  uint64_t num_broken_files = 0;  ///< of num_files: nothing but the bytes is known
};

/// What only a merge knows.
struct MergeFacts {
  MergeReport report;
  std::vector<schedule::NodeEvent> events;  ///< by id
};

struct PageFacts {
  std::string title;        ///< the name of the dataset
  InspectReport inspected;  ///< with paths below the dataset relative to it
  double frames_per_second = 0;
  uint64_t payload_bytes = 0;
  /// Not all of the dataset could be read: what there is below is without the videos that
  /// are broken, without all cameras, or empty.
  bool is_partial = false;
  std::vector<SourceShare> sources;
  uint64_t num_left_out = 0;  ///< sources of which the record says that something was left out
  std::vector<EpisodeLength> lengths;
  std::vector<TaskUse> tasks;
  std::vector<Camera> cameras;
  StatsReport stats;
  std::vector<Problem> not_measured;  ///< why there is nothing in `stats`
  std::optional<MergeFacts> merge;
};

/// How many findings of each sort the page tells of.
struct FindingCounts {
  uint64_t num_problems = 0, num_warnings = 0, num_notes = 0, num_findings = 0;
};
FindingCounts CountFindings(const PageFacts& facts);

/// The whole page, as UTF-8. The same facts make the same bytes.
std::string PageText(const PageFacts& facts);

/// How each page begins.
inline constexpr char kPageBegin[] = "<!DOCTYPE html>\n<!-- made by robomerge report -->\n";

}  // namespace robomerge::page
