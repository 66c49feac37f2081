#include "cli/compare_text.h"

#include <gtest/gtest.h>
