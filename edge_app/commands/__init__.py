"""The commands: modules with `add_parser(subparsers)`, which returns the parser, and `run(args)`, the exit code.

A module has its command's name, with `_` for `-`.
"""

# By name, what `--help` says of each; the order is that of the help.
COMMANDS = {
    "classify": "give a verdict on films and folders of films",
    "watch": "give a verdict on films as they arrive in a folder",
    "dicom-node": "give a verdict on films that DICOM devices send",
    "camera": "give a verdict on films held in front of a camera",
    "cameras": "list the cameras and say why one cannot be opened",
    "serve": "serve a web page and an API that read uploaded films",
    "explain": "show all the evidence for one film in one picture",
    "results": "search, export and delete stored results",
    "deidentify": "copy DICOM films without what tells whose they are",
    "doctor": "check this device, the model and the store",
    "model": "install a model, list them, go back to the previous one",
    "update": "update the program, list its releases, go back to the last one",
    "fleet": "show how many devices fare, roll out a model or a release",
    "bench": "time each step of a verdict on this device",
    "completion": "print shell completion for these commands",
}

EXIT_CODES = """\
exit code: 0 every film got an answer (a refusal is one), 1 a film could not be read or a result not kept, 2 wrong usage
or a model file that cannot be used, 130 stopped by Ctrl-C, 143 stopped by SIGTERM
"""
