"""`python -m service` is `dateline`."""

from service.cli import main

main()
