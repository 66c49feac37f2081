#include "cli/exit_code.h"

namespace robomerge::cli {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return kExitCommandLine;
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kIncompatible:
    case Code::kUnsupported:
    case Code::kCorrupt:
      return kExitSources;
    case Code::kIo:
      return kExitIo;
    case Code::kCancelled:
      return kExitCancelled;
    case Code::kInternal:
      return kExitInternal;
  }
  return kExitInternal;
}

ExitCode ExitCodeOf(const Status& status) {
  return status.ok() ? kExitDone : ExitCodeOf(status.code());
}

}  // namespace robomerge::cli
