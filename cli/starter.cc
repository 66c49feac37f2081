// What a wheel puts on the path as `robomerge`: finds the package that was installed with it and
// becomes the command in there. The command itself cannot lie here, since its libraries lie in the
// package, at a place that no wheel knows beforehand; and a script would start a Python first.
//
// It links the C library alone, for it runs before every command.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace {

constexpr const char* kCommand = "robomerge/bin/robomerge";

// Puts `<prefix>/<folder>/robomerge/bin/robomerge` into `path` and tells whether it can be run.
// `folder` is the path to the metadata of this very version and out again, where that is asked
// for: below one prefix there may be several Pythons with other ones.
bool FindIn(const char* prefix, const char* folder, bool of_this_version, char (&path)[PATH_MAX]) {
  const int length = std::snprintf(path, sizeof path, "%s/%s%s/%s", prefix, folder,
                                   of_this_version ? "/" ROBOMERGE_DIST_INFO "/.." : "", kCommand);
  return length > 0 && length < PATH_MAX && access(path, X_OK) == 0;
}

// Where pip, venv, conda, pipx and uv put packages, seen from the folder above that of the scripts.
bool Find(const char* prefix, bool of_this_version, char (&path)[PATH_MAX]) {
  constexpr int kNewest = 40;
  constexpr int kOldest = 10;
  char folder[64];
  for (const char* packages : {"site-packages", "dist-packages"}) {
    for (const char* lib : {"lib", "lib64"}) {
      for (int minor = kNewest; minor >= kOldest; --minor) {
        std::snprintf(folder, sizeof folder, "%s/python3.%d/%s", lib, minor, packages);
        if (FindIn(prefix, folder, of_this_version, path)) return true;
      }
    }
  }
  return FindIn(prefix, "lib/python3/dist-packages", of_this_version, path) ||
         FindIn(prefix, ".", of_this_version, path);  // pip install --target
}

// Cuts the last name off a path.
bool Ascend(char* path) {
  char* const slash = std::strrchr(path, '/');
  if (slash == nullptr) return false;
  *slash = 0;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  char own[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  own[length > 0 ? length : 0] = 0;
  if (length <= 0 && argc > 0) std::snprintf(own, sizeof own, "%s", argv[0]);  // without /proc

  char prefix[PATH_MAX];
  std::memcpy(prefix, own, sizeof prefix);
  char path[PATH_MAX];
  if (!Ascend(prefix) || !Ascend(prefix) ||
      (!Find(prefix, true, path) && !Find(prefix, false, path))) {
    std::fprintf(stderr,
                 "error: the package robomerge that %s belongs to is not there\n"
                 "  expected lib/python3.*/site-packages/%s beside its folder\n"
                 "hint: link to the installed command instead of copying it, or install it again: "
                 "pip install --force-reinstall robomerge\n",
                 own, kCommand);
    return 1;
  }
  execv(path, argv);
  std::fprintf(stderr, "error: cannot start %s: %s\n", path, std::strerror(errno));
  return 4;
}
