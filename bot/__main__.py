"""`python -m bot` is `nidaa`."""

from bot.main import main

main()
