"""`python -m gradline` is the command line."""

from gradline.cli import main

if __name__ == "__main__":  # processes that a fit starts import this file too
    main()
