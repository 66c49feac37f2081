// What messages of several rooms tell a user to do.
#pragma once

namespace robomerge {

/// Behind "or", of an episode that cannot be mended.
inline constexpr const char* kLeaveEpisodeOut =
    "leave the episode out of a merge with --skip-broken episodes";

}  // namespace robomerge
