// Names that no other process on any machine uses: for files that are renamed when they are whole.
#pragma once

#include <string>

#include "io/file_system.h"

namespace robomerge::io {

/// "<host>-<pid>-<random>-<number>": different at every call, in every process and on every machine
/// that shares the file system.
std::string UniqueName();

/// A name beside `path` that nobody else uses: ".<name>.<unique name>.tmp", of a long name its
/// beginning.
std::string TemporaryNameFor(const std::string& path);

/// Whether a file's name (without folder) is one that TemporaryNameFor makes.
bool IsTemporaryName(const std::string& name);

/// Removes what killed attempts to write `path` left under the names of TemporaryNameFor. What
/// another process of this machine is writing stays.
void RemoveTemporaries(FileSystem& file_system, const std::string& path);

}  // namespace robomerge::io
