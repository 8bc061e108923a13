#include "config/source_path.hpp"

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(a relative path counts from the folder of whoever has written it) {
  CAF_CHECK_EQUAL(with_absolute_path("file:events", "/etc/cafbus"), "file:/etc/cafbus/events");
  CAF_CHECK_EQUAL(with_absolute_path("file:../events", "/etc/cafbus"), "file:/etc/events");
}

CAF_TEST(everything else stays as it is) {
  for (auto text : {"file:/a/../b", "file:~/x", "stdin", "exec:cat x", "file:", ""})
    CAF_CHECK_EQUAL(with_absolute_path(text, "/etc"), text);
}

CAF_TEST(several sources stand on lines of their own) {
  CAF_CHECK_EQUAL(with_absolute_paths("file:a\nexec:b\n\nfile:c", "/d"), "file:/d/a\nexec:b\n\nfile:/d/c");
}
