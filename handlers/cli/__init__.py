"""The command line: one function a command. What it needs is handed over by bot.main."""
