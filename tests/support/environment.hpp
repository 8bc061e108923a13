#pragma once
#include <cstdlib>
#include <optional>
#include <string>

namespace cafbus {

/// Changes a variable of the environment until its end.
class environment {
public:
  /// @param value Null: it is not set.
  environment(const char* name, const char* value) : name_{name} {
    if (const auto* old = std::getenv(name))
      old_ = old;
    set(value);
  }
  environment(const char* name, const std::string& value) : environment{name, value.c_str()} {}
  ~environment() { set(old_ ? old_->c_str() : nullptr); }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

private:
  void set(const char* value) { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }

  const char* name_;
  std::optional<std::string> old_;
};

} // namespace cafbus
