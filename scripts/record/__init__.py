"""Failures made with the real tools against real servers, and what they print: what `shipseal diagnose` is measured on.

    python -m scripts.record --list
    python -m scripts.record                       # all of them again, into tests/recorded/diagnose
    python -m scripts.record crane-dns syft-killed # some

Each case is a function of one of the modules here that makes its servers and files, runs a script as a step of CI does,
and stops where the script fails. Tests run some of them anew and diagnose what comes out (tests/workflow).
"""
