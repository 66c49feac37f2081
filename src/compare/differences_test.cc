#include "compare/differences.h"

#include <gtest/gtest.h>
