#pragma once
#include "actors/child_process.hpp"
#include "actors/last_words.hpp"
#include "actors/line_input.hpp"

#include <optional>

namespace cafbus {

/// The standard output of a command. It ends when the shell does, even if another process still has the pipe open;
/// processes that the shell leaves end with it.
class command_output final : public line_input {
public:
  command_output(wakeup stop, shell_command command) : line_input{std::move(stop)}, command_{std::move(command)} {}

  result<void> begin() override; // by the reader's thread, with which the command ends
  input_step next(std::span<char> buffer) override;
  input_end finish(bool stopped, std::string why) override;

private:
  shell_command command_;
  std::optional<child_process> child_;
  last_words words_;
  bool errors_open_ = true;
  std::optional<size_t> left_; // to be read of the output, since its shell has ended
};

} // namespace cafbus
