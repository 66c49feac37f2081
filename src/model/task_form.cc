#include "model/task_form.h"

#include "base/fold_case.h"

namespace robomerge {

std::string TaskForm(std::string_view task) {
  std::string form = FoldText(task);
  while (form.ends_with(' ') || form.ends_with('.')) form.pop_back();
  return form;
}

}  // namespace robomerge
