#include "cli/command_line.hpp"

#include <optional>

namespace cafbus {

namespace {

constexpr std::string_view blanks = " \t\r\n";

class splitter {
public:
  explicit splitter(std::string_view text) : text_(text) {}

  std::variant<std::vector<std::string>, std::string> split() {
    while (at_ < text_.size() && error_.empty())
      take(text_[at_]);
    if (!error_.empty())
      return std::move(error_);
    end_word();
    if (words_.empty())
      return "it is empty";
    if (words_[0].empty())
      return "the program's name is empty";
    return std::move(words_);
  }

private:
  void take(char c) {
    if (c == '\'' || c == '"')
      return take_quoted(c);
    ++at_;
    if (blanks.find(c) != std::string_view::npos)
      return end_word();
    if (c == '\\') {
      if (at_ == text_.size()) {
        error_ = "a backslash stands at its end; write two for one that is meant";
        return;
      }
      c = text_[at_++];
    }
    word() += c;
  }

  void take_quoted(char quote) {
    auto opened = at_++;
    auto& target = word(); // so that quotes with nothing between them are a word, too
    for (; at_ < text_.size(); ++at_) {
      auto c = text_[at_];
      if (c == quote) {
        ++at_;
        return;
      }
      auto escapes =
          quote == '"' && c == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      target += escapes ? text_[++at_] : c;
    }
    error_ = std::string{"the quote "} + quote + " at character " + std::to_string(opened + 1) +
             " is not closed; write \\" + quote + " for one that is meant";
  }

  std::string& word() {
    if (!word_)
      word_.emplace();
    return *word_;
  }

  void end_word() {
    if (word_)
      words_.push_back(std::move(*word_));
    word_.reset();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
  std::string error_;
};

} // namespace

std::variant<std::vector<std::string>, std::string> split_command(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return "it contains a NUL";
  return splitter{text}.split();
}

} // namespace cafbus
