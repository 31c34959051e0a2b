"""The console: the page, metrics and notifications, as one pod."""
