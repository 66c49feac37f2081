// meta/info.json: parsed, written again, and read as a dataset's; its path templates filled for
// every camera; compared with another.
#include "base/path.h"
#include "compare/differences.h"
#include "fuzz/check.h"
#include "fuzz/folder_input.h"
#include "model/file_id.h"
#include "read/v30/read_v30.h"
#include "testing/built_dataset.h"

namespace robomerge {

namespace {

void Expand(const std::string& path_template, const std::string& video_key) {
  for (const FileId id : {FileId{0, 0}, FileId{1'000'000, 999'999}}) {
    const Result<std::string> path = ExpandTemplate(path_template, id, video_key);
    if (!fuzz::Fine(path)) continue;
    FUZZ_CHECK(path->size() <= 4096, "a path longer than any file's");
    FUZZ_CHECK(path->front() != '/' && path->find('\0') == std::string::npos &&
                   ("/" + *path + "/").find("/../") == std::string::npos,
               *path);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<json::Json> info = json::Parse(fuzz::Text(data, size), "info.json");
  if (!fuzz::Fine(info)) return 0;
  const std::string text = json::Dump(*info);
  const Result<json::Json> again = json::Parse(text, "info.json");
  FUZZ_CHECK(fuzz::Fine(again) && json::Dump(*again) == text, text);
  const Result<json::Json> line = json::Parse(json::DumpLine(*info), "info.json");
  FUZZ_CHECK(fuzz::Fine(line) && json::Dump(*line) == text, text);
  if (!info->is_object()) return 0;
  Dataset dataset;
  const Result<v30::SourceInfo> source = v30::ReadInfo("/in", *info, dataset);
  if (!fuzz::Fine(source)) return 0;
  const FrameRate rate = dataset.schema.frame_rate();
  FUZZ_CHECK(rate.numerator > 0 && rate.denominator > 0, "frame rate");
  Expand(source->data_path, "");
  for (const std::string& key : dataset.schema.video_keys()) {
    Expand(source->video_path, key);
    // DestinationVideoPath aborts if its path would lead outside.
    FUZZ_CHECK(IsPlainPath(DestinationVideoPath(key, {1, 2})), key);
  }
  for (const Feature& feature : dataset.schema.features) {
    static_cast<void>(feature.shape());
    static_cast<void>(ComparableEntry(feature));
  }
  static_cast<void>(dataset.schema.Fingerprint());
  static const auto usual = std::make_shared<const Schema>(test::MakeSchema({"camera"}));
  const auto schema = std::make_shared<const Schema>(std::move(dataset.schema));
  static_cast<void>(FlagsThatSettle({{usual, "", 0, "/usual", 1}, {schema, "", 1, "/in", 1}}));
  return 0;
}

}  // namespace robomerge
