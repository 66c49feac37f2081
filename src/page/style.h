// The style sheet of the page.
#pragma once

#include <string_view>

namespace robomerge::page {

extern const std::string_view kStyle;

}  // namespace robomerge::page
