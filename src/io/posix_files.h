// Open files of the system, for PosixFileSystem.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "io/file_system.h"

namespace robomerge::io {

/// A problem of errno: `operation` is what failed, and what the caller should do next decides the
/// code.
Problem SystemProblem(const std::string& operation, const std::string& path, int error);

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Opens a source, whose descriptor it takes.
std::unique_ptr<RandomAccessFile> PosixSource(std::string path, int descriptor,
                                              const FileStat& stat);
/// Opens a file that is written, whose descriptor it takes.
std::unique_ptr<OutputFile> PosixOutput(std::string path, int descriptor, Sharing sharing);

}  // namespace robomerge::io
