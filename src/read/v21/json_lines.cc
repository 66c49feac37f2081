#include "read/v21/json_lines.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/foreign_file.h"
#include "base/text.h"
#include "read/v30/read_v30.h"

namespace robomerge::v21 {
namespace {

// Statistics of 100,000 episodes with 300 numbers of each take some 1 GB.
constexpr uint64_t kMostBytes = uint64_t{4} << 30;
// So few that each worker gets some of a small file, and enough to be worth a turn.
constexpr size_t kLinesOfTurn = 64;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

Result<JsonLines> JsonLines::Read(const io::FileSystem& file_system, const std::string& path,
                                  std::vector<Problem>& warnings) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::RandomAccessFile> file,
                             file_system.OpenForReading(path));
  JsonLines lines;
  lines.file_ = v30::MetadataFileOf(*file);
  ROBOMERGE_ASSIGN_OR_RETURN(lines.text_, io::ReadWhole(*file, kMostBytes));
  const std::string& text = lines.text_;
  v30::WarnOfByteOrderMark(text, path, warnings);
  size_t begin = text.starts_with(json::kByteOrderMark) ? json::kByteOrderMark.size() : 0;
  const size_t first = text.find_first_not_of(" \t\r\n", begin);
  if (first != std::string::npos && text[first] != '{') {
    if (const std::optional<Problem> foreign =
            ForeignFile(std::string_view(text).substr(0, kForeignHeadBytes), path, "lines of JSON"))
      return *foreign;
  }
  for (uint64_t number = 1; begin < text.size(); ++number) {
    const size_t line_end = std::min(text.find('\n', begin), text.size());
    size_t end = line_end;
    while (begin < end && IsBlank(text[begin])) ++begin;
    while (end > begin && IsBlank(text[end - 1])) --end;
    if (begin < end) lines.lines_.push_back({begin, end - begin, number});
    begin = line_end + 1;
  }
  return lines;
}

std::string JsonLines::Where(size_t at) const {
  return StrCat(file_.path, ": line ", lines_[at].number);
}

Result<std::pair<json::Json, int64_t>> JsonLines::Parse(size_t at, const char* key) const {
  const Line& line = lines_[at];
  Result<json::Json> parsed =
      json::Parse(std::string_view(text_).substr(line.begin, line.length), Where(at));
  const auto refuse = [&](std::string what) {
    return Problem(Code::kCorrupt, std::move(what))
        .Kind("E-jsonl")
        .At(Where(at))
        .Expected(StrCat("an object with `", key, "`, such as {\"", key, "\": 0, ...}"))
        .Found(text_.substr(line.begin, std::min<size_t>(line.length, 100)));
  };
  if (!parsed.ok()) {
    const bool is_last = at + 1 == lines_.size();
    return refuse(is_last ? "the last line is no JSON: the file was cut off, or damaged"
                          : "a line is no JSON")
        .Hint(StrCat("copy the file again; or mend the line: ",
                     parsed.status().problems().front().what));
  }
  if (!parsed->is_object()) return refuse("a line holds no object");
  const std::optional<int64_t> number = WholeNumber(*parsed, key);
  if (!number || *number < 0) return refuse(StrCat("a line has no `", key, "`"));
  return std::pair(std::move(parsed).value(), *number);
}

Status JsonLines::ParseAll(const ForEach& for_each, const char* key,
                           const std::function<Status(size_t, json::Json&&, int64_t)>& take) const {
  const size_t num_turns = (lines_.size() + kLinesOfTurn - 1) / kLinesOfTurn;
  std::vector<std::vector<Problem>> problems(num_turns);
  for_each(num_turns, [&](size_t turn) {
    const size_t end = std::min(lines_.size(), (turn + 1) * kLinesOfTurn);
    for (size_t at = turn * kLinesOfTurn; at < end; ++at) {
      Result<std::pair<json::Json, int64_t>> line = Parse(at, key);
      const Status status =
          line.ok() ? take(at, std::move(line->first), line->second) : line.status();
      for (const Problem& problem : status.problems()) problems[turn].push_back(problem);
    }
  });
  std::vector<Problem> all;
  for (const std::vector<Problem>& some : problems) all.insert(all.end(), some.begin(), some.end());
  return all.empty() ? Status() : Status::Many(std::move(all));
}

std::optional<int64_t> WholeNumber(const json::Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<uint64_t>() > uint64_t{1} << 62)
    return std::nullopt;
  if (found->is_number_integer()) return found->get<int64_t>();
  if (!found->is_number_float()) return std::nullopt;
  const double number = found->get<double>();
  if (!(std::fabs(number) < 1e15) || number != std::floor(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

void KeepLast(const JsonLines& file, const char* key,
              std::vector<std::pair<int64_t, size_t>>& lines, std::vector<Problem>& warnings) {
  std::sort(lines.begin(), lines.end());
  std::vector<std::pair<int64_t, size_t>> last;
  size_t num_repeated = 0, first = 0;
  for (const auto& line : lines) {
    if (last.empty() || last.back().first != line.first) {
      last.push_back(line);
      continue;
    }
    if (num_repeated++ == 0) first = last.back().second;
    last.back() = line;
  }
  if (num_repeated > 0) {
    const size_t kept =
        std::find_if(last.begin(), last.end(), [&](const auto& line) {
          return line.second > first &&
                 std::binary_search(lines.begin(), lines.end(), std::pair(line.first, first));
        })->second;
    warnings.push_back(
        Problem(Code::kCorrupt,
                StrCat("lines repeat the `", key, "` of another one ", num_repeated,
                       num_repeated == 1 ? " time" : " times", "; the last of them counts"))
            .Kind("W-jsonl-twice")
            .At(file.Where(first))
            .Expected(StrCat("each `", key, "` once"))
            .Found(StrCat("again in ", file.Where(kept))));
  }
  lines = std::move(last);
}

}  // namespace robomerge::v21
