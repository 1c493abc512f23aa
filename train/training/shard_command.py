"""`python -m train shards`: make shards of the films of an index, to train from more films than memory holds."""

from pathlib import Path

from train import cluster
from train.films import film_arguments, shard_maker
from train.reporting import provenance
from train.training import config

# What of a recipe decides how its films are shown.
SHOWN = ("model", "size", "crop", "outside", "levels")
# Tasks that wait at a cluster for each of its cores, so that none is idle: a shard takes minutes.
WAITING = 2


def add_parser(subparsers) -> None:
    """Declare `train shards`."""
    parser = subparsers.add_parser("shards", help="make shards of the indexed films, which 'fit --shards' reads")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--out", type=Path, default=Path("build/shards"), help="folder of the shards (%(default)s)")
    parser.add_argument(
        "--films-of-a-shard", type=int, default=shard_maker.FILMS_OF_A_SHARD, help="at most (%(default)s)"
    )
    parser.add_argument(
        "--cluster",
        default=cluster.LOCAL,
        metavar="ADDRESS",
        help="who makes them: 'local', Ray started here, or HOST:PORT of a cluster that sees the same folders",
    )
    config.add_flags(parser, SHOWN)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Make the shards that are missing."""
    settings = config.from_flags(args, SHOWN)
    indexed = film_arguments.read(args)
    made_by = {"commit": provenance.commit(), "versions": provenance.versions()}
    with cluster.joined(args.cluster) as ray:
        made = shard_maker.make(
            indexed,
            settings.size,
            settings.treatment,
            args.out,
            made_by=made_by,
            engine=engine(ray),
            films_of_a_shard=args.films_of_a_shard,
        )
    print(f"{args.out}: {made['films']} films in {len(made['shards'])} shards")
    return 0


def engine(ray) -> shard_maker.Engine:
    """Return what runs tasks on a cluster of Ray; as many at a time as keep its cores busy."""

    def spread(function, tasks):
        remote = ray.remote(function)
        most = WAITING * max(1, int(ray.cluster_resources().get("CPU", 1)))
        left, running = iter(tasks), []
        while True:
            while len(running) < most and (task := next(left, None)) is not None:
                running.append(remote.remote(task))
            if not running:
                return
            done, running = ray.wait(running)
            try:
                yield from ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error  # what the shard's maker said, without the worker's traceback

    return spread
