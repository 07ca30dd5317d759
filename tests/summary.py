#!/usr/bin/env python3
"""Adds up the GoogleTest results of a run and lists what was skipped, with its reason."""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def main(folder: str) -> int:
    passed = failed = 0
    skipped = []
    for report in sorted(pathlib.Path(folder).glob("*.xml")):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.get("status") == "notrun":
                continue
            if case.find("failure") is not None:
                failed += 1
                print(f"failed: {name}")
            elif case.find("skipped") is not None:
                reason = (case.find("skipped").get("message") or "").strip().splitlines()
                skipped.append((name, reason[-1] if reason else "no reason given"))
            else:
                passed += 1
    print("skipped:" if skipped else "skipped: nothing")
    for name, reason in skipped:
        print(f"  {name}: {reason}")
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
