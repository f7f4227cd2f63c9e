"""`python -m undersong` is the same as `undersong`."""

from undersong.cli.main import main

main()
