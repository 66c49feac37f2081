#!/usr/bin/env python3
"""Makes what a program is linked with here to run on older systems: make_old_link.py DIR GLIBC GLIBCXX CXXABI

    scripts/make_old_link.py build/old-link 2.28 3.4.24 1.3.11
    LDFLAGS="-B$PWD/build/old-link -Wl,--exclude-libs,ALL,--allow-shlib-undefined" cmake ...

A linker takes the newest version of each symbol that the C library of this system has, and so binds
the program to systems as new. In DIR it finds, before the system's own, libraries without code that
have the same names and symbols, but only in versions that an older system has too: what is then
linked is what would have been linked there. What an older libstdc++ has not comes from the static
one (as Red Hat's toolset for developers does it), and what an older C library has not from a few
functions below. Only for x86-64; the limits of a manylinux tag are in auditwheel's table of policies.
"""

import re
import subprocess
import sys
from pathlib import Path

# In C: what programs that were compiled here call, and no C library before 2.30 to 2.33 has.
NEWER = """
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
struct stat;
int __xstat(int, const char*, struct stat*);
int __lxstat(int, const char*, struct stat*);
int __fxstat(int, int, struct stat*);
#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN int stat(const char* path, struct stat* found) { return __xstat(1, path, found); }
HIDDEN int lstat(const char* path, struct stat* found) { return __lxstat(1, path, found); }
HIDDEN int fstat(int file, struct stat* found) { return __fxstat(1, file, found); }
HIDDEN ssize_t getdents64(int file, void* entries, size_t size) { return syscall(SYS_getdents64, file, entries, size); }
/* False: libstdc++ counts references atomically, also while there is one thread. */
HIDDEN char __libc_single_threaded = 0;
HIDDEN int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                  const struct timespec* until) {
  struct timespec now, end;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += until->tv_sec - now.tv_sec;
  end.tv_nsec += until->tv_nsec - now.tv_nsec;
  if (end.tv_nsec < 0) { end.tv_nsec += 1000000000; --end.tv_sec; }
  if (end.tv_nsec >= 1000000000) { end.tv_nsec -= 1000000000; ++end.tv_sec; }
  return pthread_cond_timedwait(condition, mutex, &end);
}
"""

# The start of a program. Before 2.34 the C library left it to the program to call its constructors.
START = """
#include <stddef.h>
extern void (*__preinit_array_start[])(int, char**, char**) __attribute__((visibility("hidden")));
extern void (*__preinit_array_end[])(int, char**, char**) __attribute__((visibility("hidden")));
extern void (*__init_array_start[])(int, char**, char**) __attribute__((visibility("hidden")));
extern void (*__init_array_end[])(int, char**, char**) __attribute__((visibility("hidden")));
extern void _init(void);
__attribute__((visibility("hidden"))) void robomerge_construct(int argc, char** argv, char** environment) {
  size_t i, count = __preinit_array_end - __preinit_array_start;
  for (i = 0; i < count; ++i) __preinit_array_start[i](argc, argv, environment);
  _init();
  count = __init_array_end - __init_array_start;
  for (i = 0; i < count; ++i) __init_array_start[i](argc, argv, environment);
}
__attribute__((visibility("hidden"))) void robomerge_destruct(void) {}
__asm__(".pushsection .text\\n.globl _start\\n.type _start,@function\\n_start:\\n"
        ".cfi_startproc\\n.cfi_undefined rip\\nxorl %ebp,%ebp\\nmovq %rdx,%r9\\npopq %rsi\\nmovq %rsp,%rdx\\n"
        "andq $-16,%rsp\\npushq %rax\\npushq %rsp\\n"
        "leaq robomerge_destruct(%rip),%r8\\nleaq robomerge_construct(%rip),%rcx\\n"
        "movq main@GOTPCREL(%rip),%rdi\\ncall *__libc_start_main@GOTPCREL(%rip)\\nhlt\\n.cfi_endproc\\n"
        ".popsection\\n");
"""


def run(*words: object) -> str:
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def symbols_until(library: str, limits: dict[str, str]) -> dict[str, dict[str, tuple[str, str]]]:
    """For each symbol of `library`, its kind and size in each version that is not above `limits`."""
    symbols: dict[str, dict[str, tuple[str, str]]] = {}
    for line in run("readelf", "--dyn-syms", "-W", library).splitlines():
        words = line.split()
        if len(words) < 8 or words[6] == "UND" or "@" not in words[7]:
            continue
        name, version = re.split("@+", words[7])
        family, _, number = version.rpartition("_")
        if family in limits and re.fullmatch("[0-9.]+", number) and numbers(number) <= numbers(limits[family]):
            symbols.setdefault(name, {})[version] = (words[3], words[2])
    return symbols


def order(version: str) -> tuple[str, tuple[int, ...]]:
    family, _, number = version.rpartition("_")
    return family, numbers(number)


def make_stub(folder: Path, soname: str, limits: dict[str, str]) -> Path:
    """A library with the symbols of the system's `soname`, and nothing behind them."""
    symbols = symbols_until(run("g++", f"-print-file-name={soname}").strip(), limits)
    lines = []
    for number, (name, versions) in enumerate(
        (name, version) for name, all_of_it in symbols.items() for version in [sorted(all_of_it, key=order)]
    ):
        for version in versions:
            kind, size = symbols[name][version]
            place = {"TLS": ".section .tdata,\"awT\",@progbits", "OBJECT": ".data"}.get(kind, ".text")
            local = f"stub{number}_{versions.index(version)}"
            kind = {"TLS": "tls_object", "OBJECT": "object"}.get(kind, "function")
            lines += [place, f".globl {local}", f".type {local},@{kind}", f".size {local},{size}", f"{local}:"]
            lines += [f".zero {max(int(size, 0), 1)}" if kind != "function" else ".byte 0"]
            lines += [f".symver {local},{name}@{'@' if version == versions[-1] else ''}{version},remove"]
    source, script, stub = (folder / f"{soname}{end}" for end in (".s", ".map", ""))
    source.write_text("\n".join([*lines, '.section .note.GNU-stack,"",@progbits', ""]))
    versions = sorted({version for each in symbols.values() for version in each}, key=order)
    script.write_text("".join(f"{version} {{}};\n" for version in versions))
    run("gcc", "-shared", "-nostdlib", f"-Wl,-soname,{soname},--version-script,{script}", source, "-o", stub)
    return stub


def main(folder: Path, glibc: str, glibcxx: str, cxxabi: str) -> None:
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    libc, libm = (make_stub(folder, name, {"GLIBC": glibc}) for name in ("libc.so.6", "libm.so.6"))
    libstdcxx = make_stub(folder, "libstdc++.so.6", {"GLIBCXX": glibcxx, "CXXABI": cxxabi})
    for name, source in (("newer", NEWER), ("Scrt1", START)):
        (folder / f"{name}.c").write_text(source)
        run("gcc", "-O2", "-fPIC", "-fno-builtin", "-c", folder / f"{name}.c", "-o", folder / f"{name}.o")
    (folder / "crt1.o").unlink(missing_ok=True)
    (folder / "crt1.o").symlink_to("Scrt1.o")
    (folder / "libnewer.a").unlink(missing_ok=True)
    run("ar", "rcs", folder / "libnewer.a", folder / "newer.o")
    loader = run("g++", "-print-file-name=ld-linux-x86-64.so.2").strip()
    (folder / "libm.so").write_text(f"INPUT({libm})\n")
    (folder / "libc.so").write_text(f"INPUT({libc} {folder}/libnewer.a AS_NEEDED({loader}))\n")
    static = run("g++", "-print-file-name=libstdc++.a").strip()
    (folder / "libstdc++.so").write_text(f"INPUT({libstdcxx} {static})\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *sys.argv[2:])
