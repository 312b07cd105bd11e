"""`python -m servicehub.cli`, for environments without the installed command."""

from servicehub.cli import main

main()
