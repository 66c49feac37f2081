#include "compare/recipe.h"

#include <gtest/gtest.h>
