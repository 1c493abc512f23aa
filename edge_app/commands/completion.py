"""`completion`: scripts that let shells complete commands, flags and their values, made from the parsers."""

import argparse

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  eval "$(python -m edge_app completion bash)"      (in ~/.bashrc; defines the command covid-xray)
  eval "$(python -m edge_app completion zsh)"       (in ~/.zshrc, after compinit)
  python -m edge_app completion fish | source       (in ~/.config/fish/config.fish)

After 'python -m' a shell completes Python's own arguments, so each script defines `covid-xray` for this program.
"""
NAME = "covid-xray"


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "completion", help=COMMANDS["completion"], **common.described(COMMANDS["completion"], EXAMPLES)
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")
    return parser


def run(args) -> int:
    """Run the command."""
    import shlex
    import sys
    from pathlib import Path

    from edge_app.commands.cli import parser

    top = parser("*")
    # `python -m` finds the program in the working folder or installed; from elsewhere it must be told the place.
    place = Path(__file__).resolve().parents[2]
    program = f"PYTHONPATH={shlex.quote(str(place))} {shlex.quote(sys.executable)} -m edge_app"
    print(SHELLS[args.shell](_options(top), _commands(top), program), end="")
    return 0


def _commands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(action.choices for action in top._actions if isinstance(action, argparse._SubParsersAction))


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _values(action: argparse.Action) -> list[str]:
    return [str(value) for value in action.choices or ()]


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs != 0


def _bash(top: list, commands: dict, program: str) -> str:
    cases, values = [], []
    for name, parser in commands.items():
        flags = " ".join(flag for action in _options(parser) for flag in action.option_strings)
        words = " ".join(word for action in parser._actions if not action.option_strings for word in _values(action))
        cases += [f"        {name}:-*) words={_quoted(flags)} ;;", f"        {name}:*) words={_quoted(words)} ;;"]
        for action in _options(parser):
            for flag in action.option_strings if action.choices else ():
                values.append(f"        {name}:{flag}) values={_quoted(chr(10).join(_values(action)))} ;;")
    names = " ".join([*commands, *(flag for action in top for flag in action.option_strings)])
    return f"""\
{NAME}() {{ {program} "$@"; }}
_covid_xray() {{
    local word=$2 before=$3 words={_quoted(names)} values= command=${{COMP_WORDS[1]}} found
    COMPREPLY=()
    if [ "$COMP_CWORD" -gt 1 ]; then
        words=
        case $command:$word in
{chr(10).join(cases)}
        esac
        case $command:$before in
{chr(10).join(values)}
        esac
    fi
    if [ -n "$values" ]; then
        while IFS= read -r found; do
            [[ $found == "$word"* ]] && COMPREPLY+=("$(printf %q "$found")")
        done <<< "$values"
        return
    fi
    while IFS= read -r found; do
        COMPREPLY+=("$found")
    done < <(compgen -W "$words" -- "$word")
    [ ${{#COMPREPLY[@]}} -gt 0 ] || compopt -o default
}}
complete -F _covid_xray {NAME}
"""


def _zsh(top: list, commands: dict, program: str) -> str:
    lines = []
    for name, parser in commands.items():
        specs = " ".join(_quoted(spec) for action in parser._actions for spec in _zsh_specs(action))
        lines.append(f"        {name}) _arguments {specs} ;;")
    names = " ".join(_quoted(f"{name}:{COMMANDS[name]}") for name in commands)
    flags = " ".join(_quoted(f"{flag}:{_line(action)}") for action in top for flag in action.option_strings)
    return f"""\
{NAME}() {{ {program} "$@"; }}
_covid_xray() {{
    local -a commands=({names}) flags=({flags})
    if (( CURRENT == 2 )); then
        _describe command commands
        _describe flag flags
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{chr(10).join(lines)}
    esac
}}
compdef _covid_xray {NAME}
"""


def _zsh_specs(action: argparse.Action) -> list[str]:
    values = " ".join(value.replace(" ", "\\ ").replace(":", "\\:") for value in _values(action))
    values = f"({values})" if values else "_files"
    if not action.option_strings:
        many = "*" if action.nargs in ("*", "+") else ""
        return [f"{many}:{action.metavar or action.dest}:{values}"]
    rest = f":{action.metavar or action.dest}:{values}" if _takes_value(action) else ""
    help_line = _line(action).replace("[", "(").replace("]", ")").replace(":", ";")
    return [f"{flag}[{help_line}]{rest}" for flag in action.option_strings]


def _fish(top: list, commands: dict, program: str) -> str:
    lines = [f"function {NAME}", f"    env {program} $argv", "end", f"complete -c {NAME} -e"]
    first = f"complete -c {NAME} -n __fish_use_subcommand"
    lines += [f"{first} -f -a {name} -d {_fish_quoted(COMMANDS[name])}" for name in commands]
    lines += [f"{first} {_fish_flags(action)}" for action in top]
    for name, parser in commands.items():
        within = f"complete -c {NAME} -n '__fish_seen_subcommand_from {name}'"
        for action in parser._actions:
            if action.option_strings:
                lines.append(f"{within} {_fish_flags(action)}")
            elif action.choices:
                lines.append(f"{within} -f -a {_fish_quoted(' '.join(_values(action)))}")
    return "\n".join([*lines, ""])


def _fish_flags(action: argparse.Action) -> str:
    words = []
    for flag in action.option_strings:
        words.append(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}")
    if action.choices:
        values = " ".join(f'"{value}"' if " " in value else value for value in _values(action))
        words.append(f"-x -a {_fish_quoted(values)}")
    elif _takes_value(action) and action.nargs != "?":
        words.append("-r")
    return " ".join([*words, f"-d {_fish_quoted(_line(action))}"])


def _line(action: argparse.Action) -> str:
    """Return the help of a flag as one short line."""
    default = {} if action.default is argparse.SUPPRESS else {"default": action.default}
    text = " ".join(((action.help or "") % default).split()).split(":")[0]
    return text if len(text) <= 70 else f"{text[:67]}..."


def _quoted(text: str) -> str:
    """Quote for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
