"""The Telegram channel: updates in, messages out. Nothing else knows the Bot API."""
