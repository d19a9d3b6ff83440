"""Behaviours of AWS that boto3 sees, each a function that fails by assertion.

Usage: behaviours.py --list          names, one a line
       behaviours.py URL CONTROL TOKEN    runs all against a simulator, whose control API is at CONTROL;
                                          one JSON line each: {"name", "ok", "says"}
"""
import json
import sys
import traceback

BEHAVIOURS = []


def behaviour(says):
    """Registers a function under the sentence that it proves."""

    def register(function):
        BEHAVIOURS.append((says, function))
        return function

    return register


def main():
    import ec2_story  # noqa: F401
    import encryption  # noqa: F401
    import identity  # noqa: F401
    import keys  # noqa: F401
    import launches  # noqa: F401
    import others  # noqa: F401
    import rest  # noqa: F401

    if sys.argv[1] == "--list":
        print("\n".join(says for says, _ in BEHAVIOURS))
        return
    import world

    world.URL, world.CONTROL, world.TOKEN = sys.argv[1:4]
    for says, function in BEHAVIOURS:
        result = {"name": says, "ok": True, "says": ""}
        try:
            function()
        except Exception:  # an assertion, or an answer of AWS that was not expected
            result = {"name": says, "ok": False, "says": traceback.format_exc(limit=-3)}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    sys.modules["behaviours"] = sys.modules["__main__"]
    main()
