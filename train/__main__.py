"""`python -m train COMMAND`: everything between the films and a trained model."""

import argparse
import sys

from train import exit_code
from train.archive import command as archive
from train.audit import report as audit
from train.camera import fit_quad_scorer, photograph_count, photograph_video
from train.evaluation import compare, evaluate
from train.experiments import index_scale, linear_probe, trials
from train.gate import count as gate_count
from train.gate import limits as gate_limits
from train.gate import pictures as gate_pictures
from train.index import collections_guide, index
from train.lungs import fit as lungs
from train.scale import queue_table, service_times
from train.site_check import command as site_check
from train.training import crossfit, fit, shard_command

COMMANDS = (
    collections_guide,
    index,
    index_scale,
    lungs,
    shard_command,
    fit,
    crossfit,
    evaluate,
    audit,
    compare,
    linear_probe,
    trials,
    site_check,
    archive,
    gate_pictures,
    gate_limits,
    gate_count,
    fit_quad_scorer,
    photograph_count,
    photograph_video,
    service_times,
    queue_table,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault that the user can mend is one sentence on stderr and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    return exit_code.of(lambda: args.func(args))


if __name__ == "__main__":
    sys.exit(main())
