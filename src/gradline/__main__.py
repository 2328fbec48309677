"""`python -m gradline` is the command line."""

from gradline.cli import main

main()
