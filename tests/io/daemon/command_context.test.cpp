#include "io/daemon/command_context.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

namespace {

/// Sets a variable for the time of a test.
class variable {
public:
  variable(const char* name, const char* value) : name_{name} {
    if (auto* before = std::getenv(name))
      before_ = before;
    ::setenv(name, value, 1);
  }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

private:
  const char* name_;
  std::optional<std::string> before_;
};

} // namespace

CAF_TEST(in the foreground commands find what the bus has around it) {
  auto x = usual_context(false, 027);
  CAF_CHECK(!x.environment);
  CAF_CHECK_EQUAL(x.folder, "");
  CAF_CHECK(x.umask == mode_t{027});
}

CAF_TEST(a bus started on demand hands on the variables of a session and its own) {
  variable path{"PATH", "/bin"};
  variable locale{"LC_TIME", "C"};
  variable desktop{"XDG_RUNTIME_DIR", "/run/user/1"};
  variable ours{"CAFBUS_DIR", "/somewhere"};
  auto x = usual_context(true, 077);
  CAF_REQUIRE(x.environment);
  for (const char* kept : {"PATH=/bin", "LC_TIME=C", "XDG_RUNTIME_DIR=/run/user/1", "CAFBUS_DIR=/somewhere"})
    CAF_CHECK_EQUAL(std::ranges::count(*x.environment, kept), 1);
}

CAF_TEST(a bus started on demand hands on no accident of its first user) {
  variable secret{"AWS_SECRET_ACCESS_KEY", "x"};
  variable longer{"PATHS", "x"};
  variable folder{"PWD", "/x"};
  auto x = usual_context(true, 077);
  CAF_REQUIRE(x.environment);
  for (const char* name : {"AWS_SECRET_ACCESS_KEY=", "PATHS=", "PWD="})
    CAF_CHECK(std::ranges::none_of(*x.environment, [&](const auto& y) { return y.starts_with(name); }));
}
