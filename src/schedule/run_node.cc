#include "schedule/run_node.h"

#include <exception>
#include <new>

namespace robomerge::schedule {

Status StatusOfCurrentException(const std::string& node_name) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    Problem problem = Problem(Code::kIo, "out of memory")
                          .While("running `" + node_name + "`")
                          .Hint("use fewer workers, so that less is held in memory at once");
    problem.is_of_machine = true;
    return problem;
  } catch (const std::exception& error) {
    return Problem(Code::kInternal, "an exception left a node")
        .Found(error.what())
        .While("running `" + node_name + "`");
  } catch (...) {
    return Problem(Code::kInternal, "an exception left a node")
        .While("running `" + node_name + "`");
  }
}

}  // namespace robomerge::schedule
