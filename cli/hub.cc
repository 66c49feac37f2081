#include "cli/hub.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/path.h"
#include "cli/stop_signals.h"
#include "robomerge/merge.h"

namespace robomerge::cli {
namespace {

using json::Json;

// Not `-m`, which would put the current folder in front of the installed packages.
constexpr const char* kProgram =
    "import sys; sys.path = [place for place in sys.path if place]; "
    "from robomerge.hub.conversation import main; main()";
constexpr int kNotStarted = 127;
constexpr size_t kMostMessageBytes = 16384;
constexpr size_t kMostShownBytes = 300;
constexpr int kPollMilliseconds = 100;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool CanRun(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// The Python to start: docs/hub.md has the order.
std::string FindPython() {
  if (const std::string given = Environment("ROBOMERGE_PYTHON"); !given.empty()) return given;
  std::error_code failure;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", failure);
  // PREFIX/bin/robomerge, or PREFIX/lib/python3.12/site-packages/robomerge/bin/robomerge, as the
  // starter of a wheel starts it
  std::string prefix = ParentOf(ParentOf(program)), name = "python3";
  if (program.ends_with("-packages/robomerge/bin/robomerge")) {
    const std::string library = ParentOf(ParentOf(prefix));
    name = NameOf(library);
    prefix = ParentOf(ParentOf(library));
  }
  if (const std::string own = prefix + "/bin/" + name; CanRun(own)) return own;
  const std::string active = Environment("VIRTUAL_ENV") + "/bin/python3";
  // Else the one on the path, as where `pip install --user` was run.
  return !active.starts_with("/bin/") && CanRun(active) ? active : name;
}

std::string Text(const Json& fields, const char* name) {
  return fields.contains(name) && fields.at(name).is_string() ? fields.at(name).get<std::string>()
                                                              : "";
}

Problem ProblemOf(const Json& fields) {
  Problem problem(FromName<Code>(Text(fields, "code")).value_or(Code::kIo), Text(fields, "what"));
  problem.kind = Text(fields, "kind");
  problem.source = Text(fields, "source");
  problem.where = Text(fields, "where");
  problem.expected = Text(fields, "expected");
  problem.found = Text(fields, "found");
  problem.hint = Text(fields, "hint");
  return problem;
}

MergeProgress ProgressOf(const Json& fields) {
  MergeProgress counts;
  counts.stage = Text(fields, "stage");
  counts.planned_bytes = fields.value("planned_bytes", uint64_t{0});
  counts.moved_bytes = fields.value("moved_bytes", uint64_t{0});
  counts.num_files = fields.value("num_files", uint64_t{0});
  counts.num_files_written = fields.value("num_files_written", uint64_t{0});
  return counts;
}

Problem NotStarted(const char* what) {
  return Problem(Code::kIo, what).Kind("E-hub-python").Found(std::strerror(errno));
}

}  // namespace

Result<HubTalk> HubTalk::Start() {
  HubTalk talk;
  talk.python_ = FindPython();
  std::array<int, 2> to{}, from{}, errors{};
  for (std::array<int, 2>* pipe : {&to, &from, &errors}) {
    if (::pipe2(pipe->data(), O_CLOEXEC) != 0) return NotStarted("a pipe could not be made");
  }
  talk.to_ = to[1], talk.from_ = from[0], talk.errors_ = errors[0];
  const pid_t parent = ::getpid();
  talk.process_ = ::fork();
  if (talk.process_ == 0) {
    // It must not go on downloading for nobody.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kNotStarted);
    ::dup2(to[0], STDIN_FILENO);
    ::dup2(from[1], STDOUT_FILENO);
    ::dup2(errors[1], STDERR_FILENO);
    ::execlp(talk.python_.c_str(), talk.python_.c_str(), "-c", kProgram, nullptr);
    ::_exit(kNotStarted);
  }
  for (const int end : {to[0], from[1], errors[1]}) ::close(end);
  if (talk.process_ < 0) return NotStarted("a Python could not be started");
  return talk;
}

HubTalk::HubTalk(HubTalk&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      python_(std::move(other.python_)),
      answers_(std::move(other.answers_)),
      messages_(std::move(other.messages_)) {}

HubTalk::~HubTalk() {
  for (const int end : {to_, from_, errors_}) {
    if (end >= 0) ::close(end);
  }
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);  // all that it has is on disk
  ::waitpid(process_, nullptr, 0);
}

bool HubTalk::Wait() {
  while (true) {
    if (StopFlag().load()) return false;
    std::array<pollfd, 2> ends{pollfd{from_, POLLIN, 0}, pollfd{errors_, POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), kPollMilliseconds) <= 0) continue;
    if (ends[1].revents != 0) Take(errors_, messages_);
    if (messages_.size() > kMostMessageBytes)
      messages_.erase(0, messages_.size() - kMostMessageBytes);
    if (ends[0].revents != 0) return true;
  }
}

void HubTalk::Take(int descriptor, std::string& text) {
  std::array<char, 65536> bytes;
  const ssize_t num_bytes = ::read(descriptor, bytes.data(), bytes.size());
  if (num_bytes > 0) text.append(bytes.data(), static_cast<size_t>(num_bytes));
}

Result<json::Json> HubTalk::Ask(const Json& request, const ProgressCallback& progress) {
  const std::string line = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (size_t at = 0; at < line.size();) {
    const ssize_t written = ::write(to_, line.data() + at, line.size() - at);
    if (written < 0 && errno != EINTR) return Ended();
    if (written > 0) at += static_cast<size_t>(written);
  }
  while (true) {
    size_t end = answers_.find('\n');
    while (end == std::string::npos) {
      if (!Wait()) return Problem(Code::kCancelled, "stopped by the user").Kind("E-stopped");
      const size_t before = answers_.size();
      Take(from_, answers_);
      if (answers_.size() == before) return Ended();
      end = answers_.find('\n', before);
    }
    ROBOMERGE_ASSIGN_OR_RETURN(Json answer, json::Parse(answers_.substr(0, end), python_));
    answers_.erase(0, end + 1);
    if (answer.contains("stage")) {
      if (progress) progress(ProgressOf(answer));
      continue;
    }
    if (!answer.contains("problems")) return answer;
    return Status::Many(ProblemsOf(answer.at("problems")));
  }
}

// Why there is no answer.
Problem HubTalk::Ended() {
  if (StopFlag().load()) return Problem(Code::kCancelled, "stopped by the user").Kind("E-stopped");
  for (size_t before = messages_.size() + 1; before != messages_.size();) {
    before = messages_.size();
    Take(errors_, messages_);
  }
  int state = 0;
  ::waitpid(std::exchange(process_, -1), &state, 0);
  Problem problem(Code::kUnsupported, "the Hub is spoken to by a Python, and none can be started");
  problem.kind = "E-hub-python";
  problem.where = python_;
  problem.hint =
      "install one with it: python3 -m pip install 'robomerge[hub]'; or name it: "
      "ROBOMERGE_PYTHON=PATH";
  if (WIFEXITED(state) && WEXITSTATUS(state) == kNotStarted) {
    problem.found = "no such program, or one that cannot be run";
    return problem;
  }
  if (messages_.find("No module named 'robomerge") != std::string::npos) {
    problem.what = "the Hub is spoken to by a Python, and this one has no robomerge";
    return problem;
  }
  while (messages_.ends_with('\n')) messages_.pop_back();
  problem.what = "the Python that speaks to the Hub has ended";
  problem.found = messages_.substr(messages_.rfind('\n') + 1, kMostShownBytes);
  if (problem.found.empty()) problem.found = "status " + std::to_string(state);
  problem.hint = "run the same command again: it goes on where it was";
  return problem;
}

std::vector<Problem> ProblemsOf(const Json& list) {
  std::vector<Problem> problems;
  for (const Json& fields : list) problems.push_back(ProblemOf(fields));
  return problems;
}

bool IsOnHub(const std::string& location) { return location.starts_with("hf:"); }

Status FetchFromHub(std::vector<SourceSpec>& sources, const ListMissing& list_missing,
                    const ProgressCallback& progress) {
  std::vector<size_t> there;
  Json addresses = Json::array();
  for (size_t source = 0; source < sources.size(); ++source) {
    if (!IsOnHub(sources[source].location)) continue;
    there.push_back(source);
    addresses.push_back(sources[source].location);
  }
  if (there.empty()) return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(HubTalk talk, HubTalk::Start());
  ROBOMERGE_ASSIGN_OR_RETURN(const Json metadata,
                             talk.Ask({{"ask", "metadata"},
                                       {"addresses", addresses},
                                       {"first_videos", list_missing == nullptr}},
                                      progress));
  for (size_t at = 0; at < there.size(); ++at) {
    SourceSpec& source = sources[there[at]];
    const Json& found = metadata.at("sources").at(at);
    source.location = Text(found, "folder");
    if (source.name.empty()) source.name = Text(found, "name");
  }
  while (list_missing) {
    ROBOMERGE_ASSIGN_OR_RETURN(const auto missing, list_missing(sources));
    Json paths = Json::array();
    for (const size_t source : there) {
      Json& of_one = paths.emplace_back(Json::array());
      for (const std::string& path : missing[source])
        of_one.push_back(RelativeTo(sources[source].location, path));
    }
    ROBOMERGE_ASSIGN_OR_RETURN(const Json fetched,
                               talk.Ask({{"ask", "payload"}, {"paths", paths}}, progress));
    // What the Hub has not is reported by those who read the dataset.
    if (fetched.value("num_files", uint64_t{0}) == 0) break;
  }
  return Status();
}

Result<MissingBySource> ListWhatIsThere(const std::vector<SourceSpec>& sources) {
  MergeOptions options;
  options.skip_broken = SkipBroken::kSources;
  return MissingFiles(sources, options, &StopFlag());
}

Status FetchForMerge(Recipe& recipe, const ProgressCallback& progress) {
  const auto list = [&recipe](const std::vector<SourceSpec>& sources) {
    return MissingFiles(sources, recipe.options, &StopFlag());
  };
  return FetchFromHub(recipe.sources, list, progress);
}

}  // namespace robomerge::cli
