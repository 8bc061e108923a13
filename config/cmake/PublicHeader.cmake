# cmake -DFROM=x.hpp -DTO=include/cafbus/x.hpp -P PublicHeader.cmake
# Writes a header as users see it: in the tree a header includes another as "messages/x.hpp", outside as
# "cafbus/messages/x.hpp", so that no folder called `config` or `io` comes to stand on anybody's include path.
file(READ "${FROM}" text)
string(REGEX REPLACE "(#include \")(base|messages|config|actors|io|testing)/" "\\1cafbus/\\2/" text "${text}")
file(WRITE "${TO}" "${text}")
