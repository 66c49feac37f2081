#include "compare/recipe.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/fingerprint.h"
#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "compare/finding.h"
#include "formats/json/json.h"
#include "io/unique_name.h"
#include "read/needed_files.h"

namespace robomerge {
namespace {

using Difference = CompareReport::Difference;
using Remedy = CompareReport::Remedy;
using Settlement = CompareReport::Settlement;

constexpr std::string_view kFirstLine = "# robomerge compare, recipe ";
// How many a line names.
constexpr size_t kMostNamed = 3;

// With escapes for what YAML holds only so, or takes for the end of a line.
std::string Printable(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kNone[] = {
      {"\xe2\x80\xa8", "\\u2028"},
      {"\xe2\x80\xa9", "\\u2029"},
      {"\xef\xbb\xbf", "\\uFEFF"},
      {"\xef\xbf\xbe", "\\uFFFE"},
      {"\xef\xbf\xbf", "\\uFFFF"}};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string printable;
  for (size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const auto next = static_cast<unsigned char>(at + 1 < text.size() ? text[at + 1] : 0);
    const auto* const none = std::find_if(std::begin(kNone), std::end(kNone), [&](const auto& one) {
      return text.substr(at).starts_with(one.first);
    });
    if (none != std::end(kNone)) {
      printable += none->second;
      at += none->first.size() - 1;
    } else if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0)) {
      const unsigned char code = c == 0xc2 ? next : c;
      printable += StrCat("\\x", kDigits[code >> 4], kDigits[code & 15]);
      at += c == 0xc2 ? 1 : 0;
    } else {
      printable += text[at];
    }
  }
  return printable;
}

// A scalar as YAML reads it back: plain where no reader could take it for anything but this text.
std::string Scalar(const std::string& text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/' || c == '.';
  };
  static const std::string_view kWords[] = {"true", "false", "null", "yes",  "no",  "on",
                                            "off",  "y",     "n",    ".inf", ".nan"};
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool is_word = std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
  const bool is_plain =
      !text.empty() && is_letter(text.front()) && !is_word && text != "." && text != ".." &&
      !(text.front() == '.' && text.size() > 1 && text[1] >= '0' && text[1] <= '9') &&
      std::all_of(text.begin(), text.end(),
                  [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
  return is_plain ? text : Printable(json::DumpLine(json::Json(text)));
}

bool IsNumberKey(const std::string& key) { return key == "pad"; }

std::string ValueOf(const Remedy& remedy) {
  return IsNumberKey(remedy.key) ? remedy.value : Scalar(remedy.value);
}

// All rules of one key as they stand behind it.
std::string RulesText(const std::vector<Remedy>& remedies) {
  const Remedy& first = remedies.front();
  if (first.name.empty()) return first.value.empty() ? "true" : ValueOf(first);
  std::vector<std::string> parts;
  for (const Remedy& remedy : remedies) {
    parts.push_back(first.value.empty() ? Scalar(remedy.name)
                                        : StrCat(Scalar(remedy.name), ": ", ValueOf(remedy)));
  }
  return first.value.empty() ? StrCat("[", Join(parts, ", "), "]")
                             : StrCat("{", Join(parts, ", "), "}");
}

std::string FeaturesText(const Difference& difference) {
  std::string text;
  for (size_t at = 0; at < std::min(kMostNamed, difference.features.size()); ++at)
    text += StrCat(at > 0 ? ", " : "", difference.features[at]);
  if (difference.features.size() > kMostNamed)
    text += StrCat(" and ", difference.features.size() - kMostNamed, " more");
  return text.empty() ? "" : text + ": ";
}

// One line of a comment: what differs, and who departs.
std::string CommentOf(const Difference& difference) {
  std::string text = StrCat("# ", FeaturesText(difference), difference.what, " (");
  for (size_t at = 0; at < std::min(kMostNamed, difference.forms.size()); ++at) {
    const CompareReport::Form& form = difference.forms[at];
    text += StrCat(at > 0 ? "; " : "", form.num_sources, " ", form.what);
    if (at > 0 && !form.sources.empty()) {
      text += StrCat(": ", form.sources.front());
      if (form.num_sources > 1) text += ", ...";
    }
  }
  if (difference.forms.size() > kMostNamed) text += "; ...";
  text += ")";
  text = Printable(text) + "\n";
  return difference.why.empty() ? text : StrCat(text, "#   ", Printable(difference.why), "\n");
}

std::string AlternativesOf(const Difference& difference) {
  std::string text;
  for (const std::string& flags : difference.alternatives)
    text += StrCat("#   or, as a flag: ", Printable(flags), "\n");
  return text;
}

std::string Rules(const CompareReport& report) {
  std::string text;
  for (const std::string_view key : compare_internal::kKeys) {
    std::vector<Remedy> remedies;
    std::string comments;
    for (const Difference& difference : report.differences) {
      bool is_new = false;
      for (const Remedy& remedy : difference.remedies) {
        if (remedy.key != key) continue;
        if (std::find(remedies.begin(), remedies.end(), remedy) == remedies.end())
          remedies.push_back(remedy);
        is_new = true;
      }
      if (is_new) comments += CommentOf(difference) + AlternativesOf(difference);
    }
    if (!remedies.empty()) text += StrCat(comments, key, ": ", RulesText(remedies), "\n");
  }
  return text;
}

Problem CannotReplace(const std::string& path, std::string found) {
  return Problem(Code::kAlreadyExists, "the recipe would replace something else")
      .Kind("E-recipe-exists")
      .At(path)
      .Expected("nothing, or a recipe of `compare` that nobody has changed")
      .Found(std::move(found))
      .Hint("name another file with --recipe-out, or move this one away");
}

std::string Marked(const std::string& rest) {
  Fingerprint all;
  all.Add(rest);
  return StrCat(kFirstLine, all.Hex(), "\n", rest);
}

// An absolute path, in which `..` is resolved as the system does.
Result<std::string> ResolvedPath(const io::FileSystem& file_system, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(std::string absolute, io::AbsolutePath(file_system, path));
  if (StrCat(absolute, "/").find("/../") == std::string::npos) return absolute;
  return file_system.RealPath(absolute);
}

// The path as it is written into a recipe in `folder`: relative below it, else absolute; of a
// snapshot of the Hub, its address.
Result<std::string> PathFrom(const io::FileSystem& file_system, const std::string& folder,
                             const std::string& root) {
  // What the cache has of it is less than a merge needs.
  if (std::string address = HubAddressOf(root); !address.empty()) return address;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string path, ResolvedPath(file_system, root));
  const std::string begin = folder == "/" ? folder : folder + "/";
  return path.starts_with(begin) && path.size() > begin.size() ? path.substr(begin.size()) : path;
}

}  // namespace

Result<std::string> RecipeText(const CompareReport& report, const std::vector<std::string>& sources,
                               const std::vector<std::string>& roots,
                               const std::string& file_name) {
  const auto refuse = [](const std::string& where) {
    return Problem(Code::kInvalidArgument, "a recipe cannot name what is not UTF-8")
        .Kind("E-path")
        .At(where)
        .Hint("rename it, or give the flags on the command line");
  };
  for (const std::string& source : sources) {
    if (!IsUtf8(source)) return refuse(source);
  }
  std::string text =
      StrCat("# Read it, change it, then: robomerge merge --recipe ", ShellWord(file_name), "\n",
             "# `compare` no longer replaces this file once it is changed.\n",
             "output: merged  # relative to this file; `-o DST` wins\n");
  text += Rules(report);
  for (const Difference& difference : report.differences) {
    if (difference.settlement != Settlement::kNothing) continue;
    text += StrCat("# Not settled. ", CommentOf(difference).substr(2), AlternativesOf(difference));
  }
  text += "sources:\n";
  std::map<std::string, std::string> problems;
  for (const Problem& problem : report.problems) problems.emplace(problem.source, problem.what);
  for (size_t at = 0; at < sources.size(); ++at) {
    const auto problem = problems.find(roots[at]);
    text += StrCat("  - ", Scalar(sources[at]),
                   problem == problems.end() ? "" : "  # not read: " + Printable(problem->second),
                   "\n");
  }
  if (!IsUtf8(text)) return refuse(file_name);  // a task, or the recipe itself
  return Marked(text);
}

bool IsUnchangedRecipe(std::string_view text) {
  const size_t end = text.find('\n');
  return text.starts_with(kFirstLine) && end != std::string_view::npos &&
         Marked(std::string(text.substr(end + 1))) == text;
}

Status CheckRecipePath(const io::FileSystem& file_system, const std::string& path) {
  const Result<io::FileStat> stat = file_system.StatLink(path);
  if (!stat.ok()) {
    if (stat.status().code() == Code::kNotFound) return Status();
    return stat.status().OfKind("E-io");
  }
  if (stat->is_directory()) return CannotReplace(path, "a folder");
  if (stat->kind != io::FileKind::kRegular) return CannotReplace(path, "no regular file");
  constexpr uint64_t kMostRecipeBytes = uint64_t{1} << 30;
  const Result<std::string> text = io::ReadWholeFile(file_system, path, kMostRecipeBytes);
  if (!text.ok()) return text.status().OfKind("E-io");
  if (IsUnchangedRecipe(*text)) return Status();
  return CannotReplace(
      path, text->starts_with(kFirstLine) ? "a recipe that has been changed" : "another file");
}

Status WriteRecipe(io::FileSystem& file_system, const std::string& path,
                   const CompareReport& report, const std::vector<std::string>& roots) {
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string absolute, io::AbsolutePath(file_system, path));
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string folder,
                             ResolvedPath(file_system, ParentOf(absolute)));
  std::vector<std::string> sources;
  for (const std::string& root : roots) {
    ROBOMERGE_ASSIGN_OR_RETURN(std::string source, PathFrom(file_system, folder, root));
    sources.push_back(std::move(source));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text,
                             RecipeText(report, sources, roots, NameOf(absolute)));
  ROBOMERGE_RETURN_NOT_OK(CheckRecipePath(file_system, absolute));
  const std::string temporary = io::TemporaryNameFor(absolute);
  Status status = io::WriteNewFile(file_system, temporary, std::as_bytes(std::span(text)), true);
  if (status.ok()) status = file_system.Replace(temporary, absolute);
  if (!status.ok()) static_cast<void>(file_system.RemoveAll(temporary).ok());
  return status.OfKind("E-io");
}

}  // namespace robomerge
