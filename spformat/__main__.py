"""`python -m spformat` is `spformat`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="spformat")
