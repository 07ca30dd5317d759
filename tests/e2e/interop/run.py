"""Runs Cook's own clients, as they are published, against a whole maitred with a configuration that ships.

    run.py --maitred build/dev/bin/maitred --venv FOLDER

The clients are installed into FOLDER, by one call of pip, unless they are there already. Where they cannot be
had the test is skipped (exit code 77) and says why. Nothing else of Cook is needed, and none of it is changed.
"""
import argparse
import pathlib
import sys
import unittest

from base import Interop, clients

SKIPPED = 77


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--maitred", required=True)
    arguments.add_argument("--venv", required=True, type=pathlib.Path)
    options = Interop.options = arguments.parse_args()
    options.venv, options.maitred = options.venv.resolve(), str(pathlib.Path(options.maitred).resolve())
    missing = clients(Interop.options.venv)
    if missing:
        print(f"skipped: Cook's clients cannot be had: {missing}")
        return SKIPPED
    import cases
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromModule(cases))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
