// Files that hold one episode each, and what is said of them together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/dataset.h"
#include "read/v21/read_v21.h"
#include "robomerge/status.h"

namespace robomerge::v21 {

/// "1 file is", "3 files are"
std::string Plural(size_t number, const char* one, const char* many);

/// Opens the file of an episode that the template names. Its chunk is that of `chunks_size`, or the
/// one that the file is in, if some writer means something else by that: `is_elsewhere`.
/// kNotFound with the usual path.
Result<std::unique_ptr<io::RandomAccessFile>> OpenEpisodeFile(
    const io::FileSystem& file_system, const Dataset& dataset, const SourceInfo& info,
    const std::string& path_template, const std::string& video_key, uint64_t episode, FileId& id,
    bool& is_elsewhere);

/// "W-chunks-size", if files of episodes are in other chunk folders than `chunks_size` says.
void WarnOfChunks(const SourceInfo& info, size_t num_elsewhere, const std::string& first,
                  Dataset& dataset);

/// Warns of files below the folders of `paths` that end in `extension` and are none of them.
Status WarnOfStrays(const io::FileSystem& file_system, const std::vector<std::string>& paths,
                    const char* extension, Dataset& dataset);

/// One problem for all files that are missing. `paths`: the first ones that were looked for.
Problem MissingFiles(const char* what, const std::vector<uint64_t>& episodes,
                     const std::string& first_path, size_t num_episodes);

}  // namespace robomerge::v21
