"""`python -m app.cli`, the same as `madoguchi`."""

from app.cli import main

main()
