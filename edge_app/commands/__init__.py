"""The commands: modules with `add_parser(subparsers)`, which returns the parser, and `run(args)`, the exit code."""

# By name, what `--help` says of each; the order is that of the help.
COMMANDS = {
    "classify": "give a verdict on films and folders of films",
    "watch": "give a verdict on films as they arrive in a folder",
    "camera": "give a verdict on films that are held before a camera",
    "cameras": "list the cameras of this device, and why one cannot be opened",
    "serve": "serve a page on which films are chosen and read, and an API",
    "explain": "show all the evidence for one film in one picture",
    "results": "look up, export and forget what was stored",
    "doctor": "check this device, the model and the store",
    "model": "install another model, list them, go back to the last",
    "update": "install another release of the program, go back to the last",
    "bench": "time decode, lungs, crop and invoke on this device",
    "completion": "print the completion of these commands for a shell",
}

EXIT_CODES = """\
exit code: 0 every film was answered (refused is an answer), 1 some could not be read or kept, 2 wrong usage or a model
that is not ours, 130 stopped by Ctrl-C, 143 by SIGTERM
"""
