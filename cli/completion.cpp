#include "cli/completion.hpp"

#include "cli/commands.hpp"
#include "messages/states.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <span>
#include <string_view>
#include <utility>

namespace cafbus {

namespace {

using word_list = std::vector<std::string>;

bool takes_value(const CLI::Option& x) {
  return x.get_expected_max() != 0;
}

bool may_be_repeated(const CLI::Option& x) {
  return x.get_expected_max() > 1;
}

/// What a help text says first, short enough to stand beside a candidate.
std::string short_text(std::string_view text) {
  constexpr size_t longest = 60;
  text = text.substr(0, text.find_first_of("\n\t("));
  while (text.ends_with(' '))
    text.remove_suffix(1);
  if (text.size() <= longest)
    return std::string{text};
  return std::string{text.substr(0, text.rfind(' ', longest))} + " ...";
}

/// "a|b", "a, b or c": the words between.
word_list alternatives(std::string text) {
  for (auto at = text.find(" or "); at != std::string::npos; at = text.find(" or "))
    text.replace(at, 4, ",");
  word_list result;
  std::string word;
  for (auto c : text + ',')
    if (c != ',' && c != '|')
      word += c == ' ' ? "" : std::string{c};
    else if (!word.empty())
      result.push_back(std::exchange(word, {}));
  return result;
}

word_list policies() {
  word_list result;
  for (std::string word : std::span{vocabulary<queue_policy>::words}.subspan(1)) { // the first stands for none
    std::ranges::replace(word, '_', '-');
    result.push_back(word);
  }
  return result;
}

const CLI::Option* option_of(const CLI::App& command, std::string_view flag) {
  for (const auto* x : command.get_options())
    for (const auto& name : x->get_lnames())
      if (flag == "--" + name)
        return x;
  return nullptr;
}

/// What the words before the last one say about it.
class position {
public:
  position(const CLI::App& command, const word_list& words) {
    for (size_t i = 1; i + 1 < words.size(); ++i)
      take(command, words[i]);
  }

  const CLI::Option* pending = nullptr; ///< The option whose value comes next.
  bool ended = false;                   ///< After "--".
  size_t arguments = 0;
  std::vector<const CLI::Option*> given;

private:
  void take(const CLI::App& command, const std::string& word) {
    if (ended || !word.starts_with('-') || word == "-") {
      if (std::exchange(pending, nullptr) == nullptr)
        ++arguments;
    } else if (word == "--") {
      ended = true;
      pending = nullptr;
    } else if (const auto* x = option_of(command, word.substr(0, word.find('='))); x != nullptr) {
      given.push_back(x);
      pending = takes_value(*x) && word.find('=') == std::string::npos ? x : nullptr;
    }
  }
};

/// One run of the completion.
class completer {
public:
  completer(const CLI::App& program, const word_list& words, const name_sources& names)
    : program_(program), words_(words), names_(names), last_(words.back()) {}

  completion run() {
    const auto& first = words_.front();
    if (words_.size() == 1) {
      offer_commands();
      if (last_.starts_with('-'))
        offer_options(program_, {});
    } else if (first == "help" && words_.size() == 2) {
      offer_commands();
    } else if (const auto* command = find(first); command != nullptr && first != "help") {
      offer_word(*command, position{*command, words_});
    }
    return std::move(result_);
  }

private:
  std::vector<const CLI::App*> commands() const {
    return program_.get_subcommands([](const CLI::App* x) { return !x->get_group().empty(); });
  }

  const CLI::App* find(std::string_view name) const {
    for (const auto* x : commands())
      if (x->get_name() == name)
        return x;
    return nullptr;
  }

  /// @param before What of the last word stays in front of the value.
  void offer(const std::string& value, std::string_view text, const std::string& before = {}) {
    if ((before + value).starts_with(last_))
      result_.candidates.push_back({before + value, short_text(text)});
  }

  void offer_each(const word_list& values, const std::string& before) {
    for (const auto& value : values)
      offer(value, {}, before);
  }

  void offer_commands() {
    for (const auto* x : commands())
      offer(x->get_name(), x->get_description());
  }

  void offer_options(const CLI::App& command, const std::vector<const CLI::Option*>& given) {
    for (const auto* x : command.get_options()) {
      auto again = std::ranges::find(given, x) != given.end() && !may_be_repeated(*x);
      if (!x->get_group().empty() && !again)
        for (const auto& name : x->get_lnames())
          offer("--" + name, x->get_description());
    }
  }

  void offer_word(const CLI::App& command, const position& here) {
    auto equals = last_.find('=');
    if (here.pending != nullptr && (here.pending->get_expected_min() > 0 || !last_.starts_with('-'))) {
      offer_values(*here.pending, {});
    } else if (here.ended || !last_.starts_with('-')) {
      offer_argument(command, here);
    } else if (equals == std::string::npos) {
      offer_options(command, here.given);
    } else if (const auto* x = option_of(command, last_.substr(0, equals)); x != nullptr && takes_value(*x)) {
      offer_values(*x, last_.substr(0, equals + 1));
    }
  }

  void offer_argument(const CLI::App& command, const position& here) {
    auto left = here.arguments;
    for (const auto* x : command.get_options())
      if (x->get_positional() && left-- == 0) {
        auto kind = x->get_type_name(); // a closed set, or how CLI11 calls any text
        return offer_kind(kind.find('|') == std::string::npos ? x->get_name(true) : kind, {});
      }
    if (!here.ended && last_.empty())
      offer_options(command, here.given); // nothing else can follow
  }

  void offer_values(const CLI::Option& x, const std::string& before) {
    if (x.check_lname("app"))
      offer_each(names_.apps(words_), before);
    else
      offer_kind(x.get_type_name(), before);
  }

  /// @param kind What the help calls the value. @param before "--flag=", or nothing.
  void offer_kind(const std::string& kind, const std::string& before) {
    if (kind == "KEY" || kind == "TYPE")
      offer_each(names_.event_names(words_), before);
    else if (kind == "A,B")
      offer_each(names_.event_names(words_), before + list_so_far(before));
    else if (kind == "STATE[,STATE]")
      offer_each(alternatives(known_states()), before + list_so_far(before));
    else if (kind == "COLUMN")
      offer_each(alternatives(known_orders()), before);
    else if (kind == "LEVEL")
      offer_each(alternatives(find_option("log-level")->allowed), before);
    else if (kind == "POLICY")
      offer_each(policies(), before);
    else if (kind == "SPEC" || kind == "PLACE" || kind == "ADDRESS:PORT")
      offer_places(kind, before);
    else if (kind == "DURATION")
      offer_units({"ms", "s", "m", "h", "d"}, before);
    else if (kind == "BYTES" || kind == "SIZE")
      offer_units({"KiB", "MiB", "GiB"}, before);
    else if (kind == "DIR")
      offer_paths(completion::paths::folders, before);
    else if (kind == "FILE" || kind == "PATH" || kind == "COMMAND")
      offer_paths(completion::paths::files, before);
    else if (kind.find('|') != std::string::npos)
      offer_each(alternatives(kind), before);
  }

  /// Where events come from, and where to listen.
  void offer_places(const std::string& kind, const std::string& before) {
    for (const char* name : {"file:", "exec:", "node:unix:", "unix:"})
      if (last_.starts_with(before + name))
        return offer_paths(completion::paths::files, before + name);
    if (kind == "SPEC")
      offer_each({"stdin", "file:", "exec:", "node:"}, before);
    else if (kind == "PLACE")
      offer_each({"0.0.0.0:", "[::]:", "unix:"}, before);
    else
      offer_each({"127.0.0.1:", "[::1]:"}, before);
  }

  void offer_paths(completion::paths what, const std::string& before) {
    result_.also = what;
    result_.kept = before.size();
  }

  /// Of a number that has been begun.
  void offer_units(const word_list& units, const std::string& before) {
    auto number = last_.substr(before.size());
    number.erase(std::ranges::find_if_not(number, [](unsigned char c) { return std::isdigit(c) != 0; }), number.end());
    if (!number.empty())
      for (const auto& unit : units)
        offer(number + unit, {}, before);
  }

  /// "a,b," of a last word "a,b,c".
  std::string list_so_far(const std::string& before) const {
    auto list = std::string_view{last_}.substr(before.size());
    auto comma = list.rfind(',');
    return comma == std::string_view::npos ? "" : std::string{list.substr(0, comma + 1)};
  }

  const CLI::App& program_;
  const word_list& words_;
  const name_sources& names_;
  const std::string& last_;
  completion result_;
};

} // namespace

completion complete(const CLI::App& program, const std::vector<std::string>& words, const name_sources& names) {
  return words.empty() ? completion{} : completer{program, words, names}.run();
}

std::string value_of(const std::string& flag, const std::vector<std::string>& words) {
  std::string result;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].starts_with(flag + '='))
      result = words[i].substr(flag.size() + 1);
    else if (words[i] == flag && i + 2 < words.size())
      result = words[i + 1];
  }
  return result;
}

} // namespace cafbus
