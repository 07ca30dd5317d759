#!/usr/bin/env python3
"""Every public header of the SDK compiles alone: headers.py COMPILER BINARY_DIR."""
import concurrent.futures
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def compile_alone(compiler, binary_dir, header):
    include = ROOT / "sdk" / "include"
    result = subprocess.run(
        [compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", "-Wall", "-Wextra", f"-I{include}",
         f"-I{binary_dir}/sdk/include", "-include", str(header), "/dev/null"],
        capture_output=True, text=True, timeout=300, check=False)
    return header, result


def main():
    compiler, binary_dir = sys.argv[1:3]
    headers = sorted((ROOT / "sdk" / "include").rglob("*.h"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for header, result in pool.map(lambda h: compile_alone(compiler, binary_dir, h), headers):
            if result.returncode != 0:
                failed += 1
                print(f"{header.relative_to(ROOT)} does not compile alone:\n{result.stderr}")
    print(f"headers: {len(headers) - failed} of {len(headers)} compile alone")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
