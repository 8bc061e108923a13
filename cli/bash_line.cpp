#include "cli/bash_line.hpp"

#include <algorithm>
#include <cctype>

namespace cafbus {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

class bash_line_reader {
public:
  bash_line_reader(std::string_view text, std::string_view breaks) : text_(text), breaks_(breaks) {}

  bash_line read() {
    for (; at_ < text_.size(); ++at_)
      take(text_[at_]);
    line_.redirected = redirected_;
    line_.words.push_back(std::move(word_));
    return std::move(line_);
  }

private:
  void take(char c) {
    if (line_.quote == '\'')
      c == '\'' ? close() : add(c);
    else if (line_.quote == '"')
      c == '"' ? close() : c == '\\' && escapes_in_quotes() ? add(text_[++at_]) : add(c);
    else if (c == '\'' || c == '"')
      open(c);
    else if (c == '\\' && at_ + 1 < text_.size())
      add(text_[++at_]);
    else if (is_blank(c))
      end_word();
    else if (c == '<' || c == '>')
      redirect();
    else
      add_plain(c);
  }

  bool escapes_in_quotes() const {
    return at_ + 1 < text_.size() && std::string_view{"\"\\$`"}.find(text_[at_ + 1]) != std::string_view::npos;
  }

  void add(char c) {
    word_ += c;
    begun_ = true;
    digits_ = false;
  }

  void add_plain(char c) {
    auto digits = digits_ && std::isdigit(static_cast<unsigned char>(c)) != 0;
    add(c);
    digits_ = digits;
    if (breaks_.find(c) != std::string_view::npos)
      line_.kept = word_.size();
  }

  void open(char quote) {
    line_.quote = quote;
    line_.kept = word_.size();
    begun_ = true;
    digits_ = false;
  }

  void close() { line_.quote = '\0'; }

  void end_word() {
    if (begun_ && !redirected_)
      line_.words.push_back(word_);
    if (begun_)
      redirected_ = false;
    next_word();
  }

  void next_word() {
    word_.clear();
    begun_ = false;
    digits_ = true;
    line_.kept = 0;
  }

  /// "3>" is a descriptor, "a>" ends a word.
  void redirect() {
    if (!digits_)
      end_word();
    next_word();
    redirected_ = true;
    while (at_ + 1 < text_.size() && std::string_view{"<>&|"}.find(text_[at_ + 1]) != std::string_view::npos)
      ++at_;
  }

  std::string_view text_;
  std::string_view breaks_;
  size_t at_ = 0;
  bash_line line_;
  std::string word_;
  bool begun_ = false;      // "" is a word, too
  bool digits_ = true;      // and nothing else, so far
  bool redirected_ = false; // the word is the place of a redirection
};

} // namespace

bash_line read_bash_line(std::string_view text, std::string_view breaks) {
  return bash_line_reader{text, breaks}.read();
}

std::string quoted_for(const bash_line& line, std::string_view value) {
  std::string result;
  for (auto c : value.substr(std::min(line.kept, value.size()))) {
    auto plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80 ||
                 std::string_view{"_./:@%+,=-"}.find(c) != std::string_view::npos;
    if (line.quote == '"' && c == '!')
      return {}; // a shell of people looks for it in its history, and a backslash would stay
    if (line.quote == '\'' && c == '\'')
      result += R"('\')";
    else if ((line.quote == '\0' && !plain) ||
             (line.quote == '"' && std::string_view{"\"\\$`"}.find(c) != std::string_view::npos))
      result += '\\';
    result += c;
  }
  if (line.quote != '\0' && result.ends_with(line.quote))
    result += line.quote; // bash takes the last character for the end of the quote, and adds none
  return result;
}

} // namespace cafbus
