"""`python -m lmpdrive`."""

from lmpdrive.cli import main

main()
