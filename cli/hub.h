// Datasets on the Hugging Face Hub. A Python that has robomerge and huggingface_hub speaks to it
// (python/robomerge/hub); it is started for this alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "formats/json/json.h"
#include "robomerge/options.h"
#include "robomerge/recipe.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge::cli {

/// That Python, as long as it is needed. It ends with this process, and with this object.
class HubTalk {
 public:
  /// kUnsupported (E-hub-python) if none can be started.
  static Result<HubTalk> Start();
  HubTalk(HubTalk&& other) noexcept;
  HubTalk& operator=(HubTalk&&) = delete;
  ~HubTalk();

  /// Asks, and returns the answer or the problems. kCancelled if the user stops it.
  Result<json::Json> Ask(const json::Json& request, const ProgressCallback& progress);

 private:
  HubTalk() = default;
  // Waits until there are bytes to read. False on the user's stop.
  bool Wait();
  void Take(int descriptor, std::string& text);
  Problem Ended();

  int process_ = -1;
  int to_ = -1, from_ = -1, errors_ = -1;
  std::string python_, answers_, messages_;
};

/// Problems as that Python gives them.
std::vector<Problem> ProblemsOf(const json::Json& list);

/// Whether a location is an address on the Hub.
bool IsOnHub(const std::string& location);

using MissingBySource = std::vector<std::vector<std::string>>;
using ListMissing = std::function<Result<MissingBySource>(const std::vector<SourceSpec>& sources)>;

/// Makes of sources on the Hub folders in the cache, named OWNER/NAME@COMMIT if they had no name:
/// with their metadata, and then with the files that `list_missing` wants, as often as it wants
/// any. Without it, with the first video of each camera. Does nothing if no source is there.
Status FetchFromHub(std::vector<SourceSpec>& sources, const ListMissing& list_missing,
                    const ProgressCallback& progress);

/// A `list_missing` for datasets that are looked at: what is wrong with them is to be shown, and is
/// no reason not to fetch the rest.
Result<MissingBySource> ListWhatIsThere(const std::vector<SourceSpec>& sources);

/// FetchFromHub() of a merge's sources, with what their rules need.
Status FetchForMerge(Recipe& recipe, const ProgressCallback& progress);

}  // namespace robomerge::cli
