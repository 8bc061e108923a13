"""readme.py README INCLUDE COMPILER...: the program that README shows compiles as it stands, without a warning."""
import re
import shutil
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]
PROGRAM = """#include <cafbus/cafbus.hpp>
#include <caf/all.hpp>
#include <string_view>
using namespace std::chrono_literals;
void use(std::string_view type, std::string_view payload);
void run(caf::actor_system& system);
void run(caf::actor_system& system) {
%s
}
"""


def main(readme, include, *compilers):
    with open(readme, encoding="utf-8") as file:
        shown = re.findall(r"```cpp\n(.*?)```", file.read(), re.DOTALL)
    assert shown, "README shows no program"
    there = [x for x in compilers if shutil.which(x)]
    for text in shown:
        program = PROGRAM % text.replace("...\n", "")
        for compiler in there:
            subprocess.run([compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, f"-I{include}", "-xc++", "-"],
                           input=program.encode(), check=True)
    print(f"{len(shown)} programs by {' and '.join(there)}")
    return 0


sys.exit(main(*sys.argv[1:]))
