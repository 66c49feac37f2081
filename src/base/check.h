// Invariants of our own code. Never on bytes from outside: those get a Status.
#pragma once

#include <cstdio>
#include <cstdlib>

#define ROBOMERGE_CHECK(condition)                                                          \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      std::fprintf(stderr, "robomerge: internal error: %s is false at %s:%d\n", #condition, \
                   __FILE__, __LINE__);                                                     \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)
