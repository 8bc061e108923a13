"""Writes the manual's pages: of the program and its commands from `cafbus help --json`, what is the same for all from the
guides in Markdown. pandoc makes roff of it. usage: make_pages.py PROGRAM SOURCE TARGET"""
import json
import os
import re
import shutil
import subprocess
import sys

MARKDOWN = "markdown+lists_without_preceding_blankline-smart-tex_math_dollars-citations"
PLAIN = re.compile(r"([\\`*_{}\[\]<>#+!|~^$@'\"-])")


def literal(text):
    return PLAIN.sub(r"\\\1", text)


def escaped(text):
    """Plain text as Markdown; what stands between backticks is bold, as commands are."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return literal(text)
    return "".join(f"**{literal(x)}**" if i % 2 and x else literal(x) for i, x in enumerate(parts))


def definition(term, text):
    return f"{term}\n:   {text}\n"


def code(lines):
    return "\n".join("    " + x for x in lines)


# -- what help says ------------------------------------------------------------------------------------------------
def option_term(option):
    names = ", ".join(f"**{escaped(x)}**" for x in option["names"])
    return names + (f" *{escaped(option['value'])}*" if "value" in option else "")


def options_of(command):
    return "\n".join(definition(option_term(x), escaped(x["help"])) for x in command["options"])


def exit_codes(text):
    """ "0 done; 1 failed" as a list; a code's text goes on until the next number."""
    items = re.findall(r"(?:^|; )(\d) (.*?)(?=; \d |$)", text.removesuffix("."))
    return "\n".join(definition(f"**{number}**", escaped(what)) for number, what in items)


def paragraph(lines):
    """Indented lines stand as they are, the others flow."""
    parts, flowing = [], []
    for line in lines:
        if line.startswith("  "):
            if flowing:
                parts.append(escaped(" ".join(flowing)))
                flowing = []
            if parts and parts[-1].startswith("    "):
                parts[-1] += "\n    " + line[2:]
            else:
                parts.append("    " + line[2:])
        else:
            flowing.append(line)
    if flowing:
        parts.append(escaped(" ".join(flowing)))
    return "\n\n".join(parts)


def footer_of(command):
    """Its paragraphs, its exit codes and its examples."""
    text, codes, examples = [], "", ""
    for part in command["footer"].split("\n\n"):
        lines = part.splitlines()
        if part.startswith("Exit codes: "):
            codes = exit_codes(" ".join(lines).removeprefix("Exit codes: "))
        elif re.match(r"Examples?:", part):
            examples = code(x.removeprefix("  ") for x in lines[1:])
        else:
            text.append(paragraph(lines))
    return "\n\n".join(x for x in text if x), codes, examples


# -- what the guides say -------------------------------------------------------------------------------------------
def cells(row):
    return [x.strip() for x in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def without_tables(lines):
    """A row as a term and its text: a page is 80 columns wide, and a table of sentences is not."""
    result, i = [], 0
    while i < len(lines):
        if lines[i].startswith("|") and i + 1 < len(lines) and re.match(r"\|[ -]+\|", lines[i + 1]):
            names, i = cells(lines[i]), i + 2
            while i < len(lines) and lines[i].startswith("|"):
                first, *others = cells(lines[i])
                labelled = [f"{name}: {x}" if len(others) > 1 and name not in ("meaning", "type") else x
                            for name, x in zip(names[1:], others) if x]
                result += ["", first or " ", ":   " + "; ".join(labelled), ""]
                i += 1
        else:
            result.append(lines[i])
            i += 1
    return result


def guide(path):
    """Sections of a guide by their titles, without tables and links."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"\[([^\]\[]+)\]\((?:#|[\w/.-])[^)]*\)", r"\1", text)
    for name, page in (("messages/PROTOCOL.md", "cafbus-protocol(7)"), ("config/OPERATIONS.md", "cafbus(1)")):
        text = text.replace(f"`{name}`", page)
    sections, title, inside = {"": []}, "", False
    for line in text.splitlines():
        inside ^= line.startswith("```")
        if line.startswith("## ") and not inside:
            title = line[3:]
            sections[title] = []
        else:
            sections[title].append(line)
    return {title: "\n".join(without_tables(lines)) for title, lines in sections.items()}


def deeper(text):
    """Headings of a section's own sections, one level up: in a page the section is the first."""
    return re.sub(r"(?m)^###", "##", text)


# -- pages ---------------------------------------------------------------------------------------------------------
def page(name, section, summary, *parts):
    text = f"# NAME\n\n{name} - {escaped(summary)}\n\n"
    return text + "".join(f"# {title}\n\n{body.strip(chr(10))}\n\n" for title, body in parts if body.strip())


def first_small(text):
    return text[0].lower() + text[1:]


def command_page(command):
    text, codes, examples = footer_of(command)
    arguments = " ".join(f"*{x['name']}*" if x["required"] else f"\\[*{x['name']}*\\]" for x in command["arguments"])
    listed = "\n".join(definition(f"*{x['name']}*", escaped(x["help"])) for x in command["arguments"])
    return page(f"cafbus-{command['name']}", 1, first_small(command["help"]),
                ("SYNOPSIS", f"**cafbus {command['name']}** {arguments} \\[*OPTION*\\]..."),
                ("DESCRIPTION", f"{escaped(command['help'])}.\n\n{text}"),
                ("ARGUMENTS", listed), ("OPTIONS", options_of(command)), ("EXIT STATUS", codes), ("EXAMPLES", examples),
                ("SEE ALSO", "**cafbus**(1), **cafbus.conf**(5)"))


def program_page(program, operations, sources):
    text, _, examples = footer_of(program)
    commands = "\n".join(definition(f"**cafbus-{x['name']}**(1)" if x["name"] != "help" else "**cafbus help** \\[*COMMAND*\\]",
                                    escaped(x["help"])) for x in program["commands"])
    pages = ", ".join(f"**cafbus-{x['name']}**(1)" for x in program["commands"] if x["name"] != "help")
    return page("cafbus", 1, program["help"].split(": ", 1)[1],
                ("SYNOPSIS", "**cafbus** *COMMAND* \\[*OPTION*\\]..."), ("DESCRIPTION", text), ("COMMANDS", commands),
                ("OPTIONS", options_of(program)), ("EXIT STATUS", operations["Exit codes"]),
                ("FILES", operations["Files"]), ("SIGNALS", operations["Signals"]),
                ("SOURCES", deeper(sources["Sources"])), ("LOG", operations["Log"]), ("EXAMPLES", examples),
                ("SEE ALSO", f"{pages}, **cafbus.conf**(5), **cafbus-protocol**(7)"))


def setting(x):
    facts = [f"default: **{escaped(x['default'])}**"] if x["default"] else []
    facts += [escaped(x["allowed"]), escaped(x["variable"])] + (["SIGHUP changes it"] if x["reloadable"] else [])
    return definition(f"**{escaped(x['name'])}** = *{escaped(x['value'])}*", f"{escaped(x['help'])} ({'; '.join(facts)})")


def config_page(program, operations):
    about, _, rows = operations["Options"].partition("The column")
    folders = rows.partition("\n###")[0].rpartition("\n:   ")[2].partition("\n")[2]  # what follows the last row
    return page("cafbus.conf", 5, "options of the event bus cafbus",
                ("DESCRIPTION", about), ("OPTIONS", "\n".join(setting(x) for x in program["settings"])),
                ("FOLDERS", folders),
                ("LIMITS", operations["Limits"]), ("SEE ALSO", "**cafbus**(1), **cafbus-serve**(1)"))


def protocol_page(protocol):
    parts = [(title.upper(), deeper(text)) for title, text in protocol.items() if title]
    return page("cafbus-protocol", 7, "the frames between cafbus and its clients",
                ("DESCRIPTION", protocol[""].partition("\n")[2]), *parts, ("SEE ALSO", "**cafbus**(1)"))


def breakable(roff):
    """Long words, such as JSON, may be broken at their commas and slashes."""
    result, filled = [], True
    for line in roff.splitlines():
        filled = line == ".fi" or (filled and line != ".nf")
        if filled:
            line = re.sub(r"\S{50,}", lambda x: re.sub(r"([,/])", r"\1\\:", x[0]), line)
        result.append(line)
    return "\n".join(result) + "\n"


def write(target, name, section, version, text):
    folder = os.path.join(target, f"man{section}")
    roff = subprocess.run(
        ["pandoc", "--standalone", f"--from={MARKDOWN}", "--to=man", "-V", "adjusting=l", "-V", "hyphenate=",
         "-M", f"title={name.upper()}", "-M", f"section={section}", "-M", f"footer=cafbus {version}", "-M", "header=cafbus"],
        input=text, capture_output=True, text=True, check=True).stdout
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{name}.{section}"), "w", encoding="utf-8") as file:
        file.write(breakable(roff))


def main():
    program_path, source, target = sys.argv[1:]
    described = json.loads(subprocess.run([program_path, "help", "--json"], capture_output=True, check=True).stdout)
    operations = guide(os.path.join(source, "config", "OPERATIONS.md"))
    protocol = guide(os.path.join(source, "messages", "PROTOCOL.md"))
    for name in ("CHOICE.md", "HISTORY.md", "GROUPS.md"):
        more = guide(os.path.join(source, "messages", name))
        heading, _, about = more.pop("").strip().partition("\n")
        protocol.update({heading.lstrip("# "): about, **more})
    shutil.rmtree(target, ignore_errors=True)  # with the pages of commands that are gone
    version = described["version"]
    write(target, "cafbus", 1, version, program_page(described, operations, guide(os.path.join(source, "actors", "SOURCES.md"))))
    for command in described["commands"]:
        if command["name"] != "help":
            write(target, f"cafbus-{command['name']}", 1, version, command_page(command))
    write(target, "cafbus.conf", 5, version, config_page(described, operations))
    write(target, "cafbus-protocol", 7, version, protocol_page(protocol))


main()
