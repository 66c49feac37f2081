// Clang's thread-safety analysis (-Wthread-safety) as macros: they state which lock guards what,
// and clang checks it. Empty under other compilers.
#pragma once

#if defined(__clang__)
#define ROBOMERGE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define ROBOMERGE_THREAD_ANNOTATION(x)
#endif

#define ROBOMERGE_CAPABILITY(name) ROBOMERGE_THREAD_ANNOTATION(capability(name))
#define ROBOMERGE_SCOPED_CAPABILITY ROBOMERGE_THREAD_ANNOTATION(scoped_lockable)
#define ROBOMERGE_GUARDED_BY(mutex) ROBOMERGE_THREAD_ANNOTATION(guarded_by(mutex))
#define ROBOMERGE_REQUIRES(...) ROBOMERGE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ROBOMERGE_EXCLUDES(...) ROBOMERGE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ROBOMERGE_ACQUIRE(...) ROBOMERGE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define ROBOMERGE_RELEASE(...) ROBOMERGE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
