#include "model/partial.h"

namespace robomerge {

uint32_t TaskTable::Add(const std::string& task) {
  const auto [entry, is_new] = index.try_emplace(task, static_cast<uint32_t>(tasks.size()));
  if (is_new) tasks.push_back(task);
  return entry->second;
}

}  // namespace robomerge
