#include "robomerge/report.h"

namespace robomerge {

std::string_view ModeName(ReportedFile::Mode mode) {
  switch (mode) {
    case ReportedFile::Mode::kCopy:
      return "copy";
    case ReportedFile::Mode::kSplice:
      return "splice";
    case ReportedFile::Mode::kEncode:
      return "encode";
    case ReportedFile::Mode::kWrite:
      return "write";
  }
  return "write";
}

}  // namespace robomerge
