# cmake -DFROM=page.html -DTO=page.cpp -P embed.cmake
# Writes the page as a source, so that the program needs no file beside it.
file(READ "${FROM}" text)
file(WRITE "${TO}" "#include \"gateway/gateway.hpp\"

std::string_view cafbus::http::page_text() noexcept {
  return R\"page(${text})page\";
}
")
