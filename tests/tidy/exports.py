#!/usr/bin/env python3
"""A plugin exports one symbol, maitred_plugin, and is never unmapped: exports.py BINARY_DIR."""
import pathlib
import subprocess
import sys


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    plugins = sorted(pathlib.Path(sys.argv[1], "lib", "maitred").glob("maitred-*.so"))
    failed = 0
    for plugin in plugins:
        symbols = {line.split()[-1] for line in output_of("nm", "-D", "--defined-only", str(plugin)).splitlines()}
        if symbols != {"maitred_plugin"}:
            failed += 1
            print(f"{plugin.name}: exports {sorted(symbols)}, only maitred_plugin is allowed")
        if "NODELETE" not in output_of("readelf", "-d", str(plugin)):
            failed += 1
            print(f"{plugin.name}: is not linked with -z nodelete")
    print(f"exports: {len(plugins)} plugins looked at, {failed} faults")
    return 1 if failed or not plugins else 0


if __name__ == "__main__":
    sys.exit(main())
