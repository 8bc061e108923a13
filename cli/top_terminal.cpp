#include "cli/top_terminal.hpp"

#include "base/utf8.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#define NCURSES_NOMACROS // they have names such as `move`
#include <curses.h>
#include <term.h>
#undef lines // of term.h
#undef columns

// ncurses restores the terminal when it is asked to. That is the destructor's job, and after a crash that of a handler,
// which may not call ncurses: so it finds the bytes that restore the screen ready, and the settings of the line.

namespace cafbus {

namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/// What the handler of crashes uses: plain memory that never goes away.
struct restore_data {
  termios line{};
  std::array<char, 256> bytes{};
  size_t size = 0;
  std::array<struct sigaction, crashes.size()> before{};
};
restore_data restore; // NOLINT: a handler of signals has nothing else

void on_crash(int signal) {
  [[maybe_unused]] auto written = ::write(STDOUT_FILENO, restore.bytes.data(), restore.size);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &restore.line);
  for (size_t i = 0; i < crashes.size(); ++i)
    if (crashes[i] == signal)
      ::sigaction(signal, &restore.before[i], nullptr);
  ::raise(signal); // comes when this handler returns, and is dealt with as if there had been none
}

void add_capability(const char* name) {
  const auto* text = ::tigetstr(name);
  if (text == nullptr || reinterpret_cast<intptr_t>(text) == -1) // NOLINT: what it returns for a name without text
    return;
  const auto size = std::strlen(text);
  if (restore.size + size <= restore.bytes.size()) {
    std::copy_n(text, size, restore.bytes.data() + restore.size);
    restore.size += size;
  }
}

void watch_for_crashes() {
  restore.size = 0;
  for (const auto* name : {"rmkx", "sgr0", "cnorm", "rmcup"})
    add_capability(name);
  struct sigaction action {};
  action.sa_handler = on_crash;
  for (size_t i = 0; i < crashes.size(); ++i)
    ::sigaction(crashes[i], &action, &restore.before[i]);
}

void watch_no_more() {
  for (size_t i = 0; i < crashes.size(); ++i)
    ::sigaction(crashes[i], &restore.before[i], nullptr);
}

std::wstring wide(std::string_view text) {
  std::wstring result;
  while (!text.empty()) {
    const auto c = first_char(text);
    result += c.size == 0 ? L'?' : static_cast<wchar_t>(c.code);
    text.remove_prefix(std::max<size_t>(c.size, 1));
  }
  return result;
}

std::string narrow(uint32_t code) {
  std::string result;
  const auto tail = [&](int shift) { result += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    result += static_cast<char>(code);
  } else if (code < 0x800) {
    result += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    result += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    result += static_cast<char>(0xf0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return result;
}

constexpr short red = 1, green = 2;
constexpr wint_t redraw = 12; // Ctrl-L

int attributes_of(top_line::look x, bool colours) {
  switch (x) {
  case top_line::title:
    return static_cast<int>(A_BOLD);
  case top_line::header:
    return static_cast<int>(A_UNDERLINE);
  case top_line::selected:
    return static_cast<int>(A_REVERSE);
  case top_line::faint:
    return static_cast<int>(A_DIM);
  case top_line::bad:
    return static_cast<int>(colours ? COLOR_PAIR(red) | A_BOLD : A_BOLD);
  case top_line::good:
    return static_cast<int>(colours ? COLOR_PAIR(green) : A_NORMAL);
  default:
    return static_cast<int>(A_NORMAL);
  }
}

std::optional<top_key::kind> special(wint_t code) {
  switch (code) {
  case KEY_UP:
    return top_key::up;
  case KEY_DOWN:
    return top_key::down;
  case KEY_LEFT:
    return top_key::left;
  case KEY_RIGHT:
    return top_key::right;
  case KEY_PPAGE:
    return top_key::page_up;
  case KEY_NPAGE:
    return top_key::page_down;
  case KEY_HOME:
    return top_key::home;
  case KEY_END:
    return top_key::end;
  case KEY_ENTER:
    return top_key::enter;
  case KEY_BACKSPACE:
    return top_key::backspace;
  default:
    return std::nullopt;
  }
}

std::optional<top_key> plain_key(wint_t c) {
  if (c == '\n' || c == '\r')
    return top_key{top_key::enter};
  if (c == 27)
    return top_key{top_key::escape};
  if (c == 127 || c == 8)
    return top_key{top_key::backspace};
  if (c < 32)
    return std::nullopt;
  return top_key{top_key::text, narrow(c)};
}

} // namespace

bool has_top() noexcept {
  return true;
}

struct top_terminal::impl {
  SCREEN* screen = nullptr;
  bool colours = false;
};

top_terminal::top_terminal(std::unique_ptr<impl> x) : impl_(std::move(x)) {}
top_terminal::top_terminal(top_terminal&&) noexcept = default;

result<top_terminal> top_terminal::open() {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    return failure{failure_kind::invalid, "top needs a terminal; `cafbus status --watch` does without"};
  ::tcgetattr(STDIN_FILENO, &restore.line);
  auto x = std::make_unique<impl>();
  x->screen = ::newterm(nullptr, stdout, stdin);
  if (x->screen == nullptr) {
    const auto* name = std::getenv("TERM"); // NOLINT: no other thread is there
    return failure{failure_kind::invalid,
                   "the terminal cannot do what top needs, or is not known: TERM=" + std::string{name ? name : ""}};
  }
  watch_for_crashes();
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, true);
  ::nodelay(stdscr, true);
  ::set_escdelay(25);
  ::curs_set(0);
  x->colours = std::getenv("NO_COLOR") == nullptr && ::has_colors(); // NOLINT: as above
  if (x->colours) {
    ::start_color();
    ::use_default_colors();
    ::init_pair(red, COLOR_RED, -1);
    ::init_pair(green, COLOR_GREEN, -1);
  }
  return top_terminal{std::move(x)};
}

top_terminal::~top_terminal() {
  if (!impl_)
    return;
  ::endwin();
  ::delscreen(impl_->screen);
  watch_no_more();
}

size_t top_terminal::width() const {
  return static_cast<size_t>(std::max(0, ::getmaxx(stdscr)));
}

size_t top_terminal::height() const {
  return static_cast<size_t>(std::max(0, ::getmaxy(stdscr)));
}

void top_terminal::measure() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0 && size.ws_col != 0)
    ::resizeterm(size.ws_row, size.ws_col);
}

void top_terminal::draw(const std::vector<top_line>& lines) {
  ::werase(stdscr);
  for (size_t i = 0; i < lines.size(); ++i) {
    ::wattrset(stdscr, attributes_of(lines[i].how, impl_->colours));
    ::wmove(stdscr, static_cast<int>(i), 0);
    ::waddwstr(stdscr, wide(lines[i].text).c_str());
  }
  ::wattrset(stdscr, static_cast<int>(A_NORMAL));
  ::wrefresh(stdscr);
}

std::optional<top_key> top_terminal::next_key() {
  for (wint_t code = 0;;) {
    const auto got = ::wget_wch(stdscr, &code);
    if (got == ERR)
      return std::nullopt;
    if (code == redraw) {
      ::clearok(stdscr, true);
      return std::nullopt; // the next turn draws
    }
    if (got == KEY_CODE_YES) {
      if (auto what = special(code))
        return top_key{*what};
    } else if (auto key = plain_key(code)) {
      return key;
    }
  }
}

} // namespace cafbus
