#define CAF_TEST_NO_MAIN
#include <caf/test/unit_test_impl.hpp>
