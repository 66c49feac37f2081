#include "measure/value_sorter.h"

#include <algorithm>

namespace robomerge::measure {
namespace {

template <typename Key>
uint64_t Sort(std::vector<Key>& keys, std::vector<Key>& scratch, ElementFacts& element,
              std::string& bytes) {
  if (keys.empty()) return 0;
  SortKeys(keys, scratch);
  element.least = std::min(element.least, ValueOf(keys.front()));
  element.greatest = std::max(element.greatest, ValueOf(keys.back()));
  for (size_t begin = 0; begin < keys.size();) {
    size_t end = begin + 1;
    while (end < keys.size() && keys[end] == keys[begin]) ++end;
    element.sums.Add(ValueOf(keys[begin]), end - begin);
    begin = end;
  }
  const uint64_t directory_bytes = AppendRun(keys, bytes);
  keys.clear();
  return directory_bytes;
}

}  // namespace

ValueSorter::ValueSorter(io::OutputFile& out, Summary& summary, uint64_t buffer_bytes)
    : writer_(out), summary_(summary), buffer_bytes_(buffer_bytes) {
  size_t num_elements = 0;
  for (const FeatureFacts& feature : summary.features) {
    first_element_.push_back(num_elements);
    num_elements += feature.elements.size();
  }
  waiting_.resize(num_elements);
}

Status ValueSorter::Flush() {
  if (waiting_bytes_ == 0) return Status();
  std::string bytes;
  std::vector<RunPlace> runs;
  size_t at = 0;
  for (FeatureFacts& feature : summary_.features) {
    for (ElementFacts& element : feature.elements) {
      Waiting& waiting = waiting_[at++];
      RunPlace& run = runs.emplace_back();
      const size_t begin = bytes.size();
      run.directory_bytes = feature.key_bits == 32
                                ? Sort(waiting.narrow, narrow_scratch_, element, bytes)
                                : Sort(waiting.wide, wide_scratch_, element, bytes);
      run.payload_bytes = bytes.size() - begin - run.directory_bytes;
    }
  }
  waiting_bytes_ = 0;
  return writer_.AddBlock(bytes, std::move(runs));
}

Status ValueSorter::Finish() {
  ROBOMERGE_RETURN_NOT_OK(Flush());
  return writer_.Finish(summary_);
}

}  // namespace robomerge::measure
