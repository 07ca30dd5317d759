"""Blocks that are no commands: configurations are checked by `maitred check`, policies by `maitred policy check`,
JSON by a parser. A part of a configuration says where it belongs (wrap=…), and is checked inside of a whole one."""
import json
import re
import subprocess
import textwrap

AUTH = "http: { auth: { one_user: operator } }"
LOCAL = """  - name: local
    library: maitred-local
    config: {}
"""
COOK = """  - name: cook
    library: maitred-cook
    uses: { backends: [local] }
"""
WRAPS = {
    "whole": "@text@",
    "host": "host:\n@two@plugins: []\n",
    "plugins": "plugins:\n@two@",
    "backend": "plugins:\n@two@" + COOK + "    config: { " + AUTH + " }\n",
    "queue": "plugins:\n" + LOCAL + "@two@",
    "local": "plugins:\n" + LOCAL.replace("config: {}", "config:") + "@six@",
    "sim": "plugins:\n  - name: sim\n    library: maitred-sim\n    config:\n@six@",
    "cook": "plugins:\n" + LOCAL + COOK + "    config:\n      " + AUTH + "\n@six@",
    "http": "plugins:\n" + LOCAL + COOK + "    config:\n      http:\n@eight@",
}
RIGHTS = ["--set", "plugins.local.config.allow_root=true", "--set", "plugins.local.config.run_as=host"]


def whole(block):
    wrap = block.says.get("wrap")
    if wrap is None and re.search(r"^(plugins|host):", block.text, re.M):
        wrap = "whole"
    if wrap not in WRAPS:
        return None, f"a part of a configuration says where it belongs: wrap={'|'.join(WRAPS)}"
    body = textwrap.dedent(block.text)
    indents = {word: textwrap.indent(body, " " * size) for word, size in
               (("two", 2), ("six", 6), ("eight", 8))}
    text = WRAPS[wrap].replace("@text@", block.text)
    for word, indented in indents.items():
        text = text.replace(f"@{word}@", indented)
    return text, None


def check_yaml(block, world):
    text, problem = whole(block)
    if problem:
        return problem
    folder = world.present_folder()
    (folder / "snippet.yaml").write_text(text)
    words = ["maitred", "check", "snippet.yaml"]
    if "- name: local" in text and "run_as" not in text:
        words += RIGHTS
    done = subprocess.run(words, cwd=folder, env=world.environment, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stdout + done.stderr + "\nit was checked as\n" + text


def check_lua(block, world):
    folder = world.present_folder()
    (folder / "snippet.lua").write_text(block.text)
    kind = "test" if "describe(" in block.text else "check"
    done = subprocess.run(["maitred", "policy", kind, "snippet.lua"], cwd=folder, env=world.environment,
                          capture_output=True, text=True)
    return None if done.returncode == 0 else done.stdout + done.stderr


def check_json(block, _world):
    try:
        json.loads(block.text)
    except ValueError as problem:
        return str(problem)
    return None


CHECKS = {"yaml": check_yaml, "lua": check_lua, "json": check_json}
# What no program of this tree reads; the plugin that the documentation describes is built by a test of its own.
UNCHECKED = {"text", "cpp", "capnp", "cmake"}
