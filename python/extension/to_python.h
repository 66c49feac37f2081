// The values of include/robomerge as dicts, lists and numbers. Keys are the names of the fields.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <vector>

#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/verify.h"

namespace robomerge::python {

/// UTF-8; bytes of a path that are none become the surrogates that os.fsencode() turns back.
nanobind::str ToPython(std::string_view text);
nanobind::list ToPython(const std::vector<std::string>& texts);
nanobind::dict ToPython(const MergeProgress& progress);
nanobind::list ToPython(const std::vector<Problem>& problems);
nanobind::dict ToPython(const MergeReport& report);
nanobind::dict ToPython(const VerifyReport& report);
nanobind::dict ToPython(const InspectReport& report);

}  // namespace robomerge::python
