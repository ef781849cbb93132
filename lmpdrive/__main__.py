"""`python -m lmpdrive`."""

from lmpdrive.cli.app import main

main()
