"""The command line, one file a command. Each has `add(commands)`, which adds its parser and names what runs it."""
