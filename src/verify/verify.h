// Verify of robomerge/verify.h, on any file system.
#pragma once

#include "io/file_system.h"
#include "robomerge/source.h"
#include "robomerge/verify.h"
#include "verify/profile.h"

namespace robomerge {

/// The rules of the sources must be resolved (adapt/resolve.h).
Result<VerifyReport> VerifyOn(const io::FileSystem& file_system, const std::string& destination,
                              const std::vector<SourceSpec>& sources, const VerifyOptions& options,
                              const ProgressCallback& progress = {},
                              const std::atomic<bool>* stop = nullptr);

/// What the rows of a numeric feature hold.
struct FeatureProfile {
  std::string feature;
  verify_internal::ElementProfiles elements;
};

/// VerifyOn() without sources, which also fills `profiles`: one for each numeric column of the data
/// files that was read, bookkeeping columns included.
Result<VerifyReport> VerifyAndProfileOn(const io::FileSystem& file_system, const std::string& root,
                                        const VerifyOptions& options,
                                        std::vector<FeatureProfile>& profiles,
                                        const ProgressCallback& progress = {},
                                        const std::atomic<bool>* stop = nullptr);

}  // namespace robomerge
