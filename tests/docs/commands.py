"""Blocks of commands, and commands inside of sentences."""
import re
import subprocess
import time

RETRY_SECONDS = 15


def session(text):
    """A console block as (command, expected output) pairs: `$ ` begins a command, `\\` at its end goes on."""
    steps = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command += "\n" + next(lines)
            steps.append((command, []))
        elif steps:
            steps[-1][1].append(line)
    return steps


def pattern(expected):
    """`…` is anything within a line; a line that is nothing else is any number of lines."""
    out = ""
    for line in expected:
        if line.strip() == "…":
            out += r"(?:.*\n)*?"
        else:
            out += ".*?".join(re.escape(part.rstrip()) if i else re.escape(part)
                              for i, part in enumerate(re.split("…", line))) + r"[ ]*\n"
    return re.compile(out + r"\s*\Z")


def run_block(block, world):
    """None if all is well, else what is wrong."""
    if "background" in block.says:
        return run_in_background(block, world)
    deadline = time.monotonic() + (RETRY_SECONDS if "retry" in block.says else 0)
    while True:
        problem = run_console(block, world) if block.language == "console" else run_script(block, world)
        if problem is None or time.monotonic() >= deadline:
            return problem
        time.sleep(0.2)


def run_script(block, world):
    wanted = int(block.says.get("exit", 0))
    stop = "set -e\n" if wanted == 0 else ""
    code, printed = world.run(f"( {stop}:\n{block.text}\n)" if is_closed(block.text) else
                              guarded(block.text, wanted))
    return verdict(code, wanted, printed)


def is_closed(text):
    """Whether nothing of it is needed by later blocks: no variable, folder or function is set."""
    return not re.search(r"^\s*(cd|export|source|alias)\b|&&\s*cd\b|^\s*\w+=|^\s*\w+\(\)", text, re.M)


def guarded(text, wanted):
    """In the page's own shell; the first command that fails ends the block."""
    if wanted != 0:
        return text
    return "trap 'failed=$?; trap - ERR; return $failed' ERR\n" + text + "\ntrap - ERR\n"


def run_console(block, world):
    wanted = int(block.says.get("exit", 0))
    for command, expected in session(block.text):
        code, printed = world.run(command + "\n")
        problem = verdict(code, wanted, printed)
        if problem:
            return f"$ {command}\n{problem}"
        if expected and not pattern(expected).match(printed.rstrip() + "\n"):
            return f"$ {command}\nprinted\n{printed}\nbut the page shows\n" + "\n".join(expected)
    return None


def run_in_background(block, world):
    code, printed = world.run(f"{{ {block.text}\n}} >background.log 2>&1 &\n")
    if code != 0:
        return verdict(code, 0, printed)
    deadline = time.monotonic() + RETRY_SECONDS
    while world.run(f"{block.says.get('until', 'true')} >/dev/null 2>&1\n")[0] != 0:
        if time.monotonic() > deadline:
            log = world.folder.glob("**/background.log")
            return "it is not up in time:\n" + "\n".join(one.read_text() for one in log)
        time.sleep(0.2)
    return None


def verdict(code, wanted, printed):
    if code is None:
        return f"no end in time; printed so far:\n{printed}"
    return None if code == wanted else f"exit code {code}, expected {wanted}; printed:\n{printed}"


SPAN = re.compile(r"(?<!`)`(maitred [^`]+)`(?!`)")
WORD = re.compile(r"[a-z][a-z-]*")
OPTION = re.compile(r"--[a-z][a-z-]*")


class Inline:
    """`maitred …` inside of a sentence: the command exists, and so do its options."""

    known = {}   # help texts, for all pages

    def __init__(self, world):
        self.world = world

    def help_of(self, words):
        if words not in self.known:
            done = subprocess.run(["maitred", *words, "--help"], env=self.world.environment, cwd=self.world.folder,
                                  capture_output=True, text=True)
            self.known[words] = done.stdout if done.returncode == 0 else None
        return self.known[words]

    def problems(self, page):
        fenced = False
        for number, line in enumerate(page.text.splitlines(), 1):
            fenced ^= line.lstrip().startswith("```")
            for found in () if fenced else SPAN.finditer(line):
                problem = self.problem(found.group(1))
                if problem:
                    yield f"{page.path}:{number}", problem

    def problem(self, text):
        words, path = text.split()[1:], ()
        if words[:1] == ["worker"]:
            return None   # the host's own: it has no help
        text = self.help_of(path) or ""
        while words and WORD.fullmatch(words[0]) and self.help_of(path + (words[0],)) is not None:
            path += (words.pop(0),)
            if "COMMAND" not in (self.help_of(path) or "").split("\n\n")[0]:
                break
        shown = self.help_of(path) or ""
        if not path or ("COMMAND" in shown.split("\n\n")[0] and words and WORD.fullmatch(words[0])):
            return f"there is no command `maitred {' '.join((*path, *words[:1]))}`"
        if "COMMAND" in shown.split("\n\n")[0]:   # an option of some command below
            below = re.findall(r"^  ([a-z][a-z-]*)  ", shown, re.M)
            shown = "".join(self.help_of((*path, name)) or "" for name in below)
        for word in words:
            option = OPTION.match(word)
            if option and option.group(0) not in shown and option.group(0) != "--help":
                return f"`maitred {' '.join(path)}` has no option {option.group(0)}"
        return None
