#include "cli/command_line.hpp"

#include "base/text.hpp"

#include <optional>

namespace cafbus {

namespace {

class splitter {
public:
  explicit splitter(std::string_view text) : text_(text) {}

  result<std::vector<std::string>> split() {
    while (at_ < text_.size())
      if (auto taken = take(text_[at_]); !taken)
        return taken.error();
    end_word();
    if (words_.empty())
      return failure{failure_kind::invalid, "it is empty"};
    if (words_[0].empty())
      return failure{failure_kind::invalid, "the program's name is empty"};
    return std::move(words_);
  }

private:
  result<void> take(char c) {
    if (c == '\'' || c == '"')
      return take_quoted(c);
    ++at_;
    if (white_space.find(c) != std::string_view::npos) {
      end_word();
      return {};
    }
    if (c == '\\') {
      if (at_ == text_.size())
        return failure{failure_kind::invalid, "it ends with a backslash; write two to mean one"};
      c = text_[at_++];
    }
    word() += c;
    return {};
  }

  result<void> take_quoted(char quote) {
    auto opened = at_++;
    auto& target = word(); // so that quotes with nothing between them are a word, too
    for (; at_ < text_.size(); ++at_) {
      auto c = text_[at_];
      if (c == quote) {
        ++at_;
        return {};
      }
      auto escapes =
          quote == '"' && c == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      target += escapes ? text_[++at_] : c;
    }
    return failure{failure_kind::invalid, std::string{"the quote "} + quote + " at character " +
                                              std::to_string(opened + 1) + " is not closed; write \\" + quote +
                                              " to mean the character itself"};
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
};

} // namespace

result<std::vector<std::string>> split_command(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return failure{failure_kind::invalid, "it contains a NUL"};
  return splitter{text}.split();
}

} // namespace cafbus
