#include "io/unique_name.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <random>
#include <string_view>

#include "base/path.h"
#include "base/text.h"

namespace robomerge::io {
namespace {

std::string HostName() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string name;
  // The host's name becomes part of a file's name, so it may hold no separator and not be too long.
  for (const char* letter = host.data(); *letter != '\0' && name.size() < 64; ++letter) {
    name += std::isalnum(static_cast<unsigned char>(*letter)) ? *letter : '_';
  }
  return name;
}

std::string MakeProcessName() {
  std::random_device random;
  return StrCat(HostName(), "-", ::getpid(), "-", random());
}

// Whether another process of this machine runs that made a name with this beginning:
// "<host>-<pid>-...".
bool IsOfRunningProcess(std::string_view unique_name) {
  static const std::string begin = HostName() + "-";
  if (!unique_name.starts_with(begin)) return false;
  pid_t process = 0;
  std::from_chars(unique_name.data() + begin.size(), unique_name.data() + unique_name.size(),
                  process);
  return process > 0 && process != ::getpid() && (::kill(process, 0) == 0 || errno == EPERM);
}

// ".<name>.", of a long name what leaves room: a file system takes 255 bytes, a unique name has up
// to 100.
std::string TemporaryBegin(const std::string& name) {
  constexpr size_t kMost = 255 - 2 - 100 - 4;
  return StrCat(".", name.substr(0, kMost), ".");
}

}  // namespace

std::string UniqueName() {
  static const std::string process = MakeProcessName();
  static std::atomic<uint64_t> number{0};
  return StrCat(process, "-", number.fetch_add(1));
}

std::string TemporaryNameFor(const std::string& path) {
  const size_t begin = path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/') + 1;
  return StrCat(path.substr(0, begin), TemporaryBegin(path.substr(begin)), UniqueName(), ".tmp");
}

bool IsTemporaryName(const std::string& name) {
  constexpr std::string_view kEnd = ".tmp";
  if (!name.starts_with(".") || !name.ends_with(kEnd)) return false;
  // ".<name>.<host>-<pid>-<random>-<number>": three numbers, from the end.
  std::string_view rest(name.data(), name.size() - kEnd.size());
  for (int numbers = 0; numbers < 3; ++numbers) {
    const size_t dash = rest.find_last_of('-');
    if (dash == std::string_view::npos || dash + 1 == rest.size()) return false;
    const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    if (!std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(dash) + 1, rest.end(), is_digit))
      return false;
    rest = rest.substr(0, dash);
  }
  return rest.find_last_of('.') > 0;
}

void RemoveTemporaries(FileSystem& file_system, const std::string& path) {
  const std::string parent = ParentOf(path);
  const Result<std::vector<std::string>> names = file_system.List(parent);
  if (!names.ok()) return;
  const std::string prefix = TemporaryBegin(NameOf(path));
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix) || !IsTemporaryName(name)) continue;
    if (!IsOfRunningProcess(std::string_view(name).substr(prefix.size())))
      static_cast<void>(file_system.RemoveAll(JoinPath(parent, name)).ok());
  }
}

}  // namespace robomerge::io
