"""Where the public collections come from, how they and people's own films must lie on disk, and what of them is here.

`python -m train data` downloads nothing: two of the sites want an account, and every collection has its own terms.
Sizes and counts are rounded from the publishers' pages.
"""

from dataclasses import dataclass
from pathlib import Path

from edge_app.errors import EdgeError
from train.index import own_films, sources
from train.index.label_table import ALLOWED, NAME
from train.index.own_films import VIEWS
from train.index.sources import ADAPTERS


@dataclass(frozen=True)
class Collection:
    """One public collection: where to get it, on which terms, and how it lies under its folder."""

    folder: str
    holds: str
    urls: tuple[str, ...]
    licence: str
    size: str
    published: int  # films in the complete collection
    layout: tuple[str, ...]
    frontal: bool = True  # whether its films teach disease


COLLECTIONS = (
    Collection(
        folder="covid-chestxray-dataset",
        holds="COVID-19, other pneumonias and a few normal films, collected from publications (adults)",
        urls=("https://github.com/ieee8023/covid-chestxray-dataset",),
        licence="differs by image, see the column 'license' of metadata.csv",
        size="about 1 GB",
        published=950,
        layout=("metadata.csv", "images/*"),
    ),
    Collection(
        folder="chest_xray",
        holds="normal and pneumonia, children of 1 to 5 years, Guangzhou",
        urls=("https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",),
        licence="CC BY 4.0",
        size="about 1.2 GB",
        published=5856,
        layout=("{train,val,test}/{NORMAL,PNEUMONIA}/*",),
    ),
    Collection(
        folder="nih-chest-xrays",
        holds="normal, pneumonia and 13 other findings (adults), NIH Clinical Center",
        urls=("https://nihcc.app.box.com/v/ChestXray-NIHCC", "https://www.kaggle.com/datasets/nih-chest-xrays/data"),
        licence="free to use; name the NIH Clinical Center and cite Wang et al., CVPR 2017",
        size="about 45 GB; any part of it will do",
        published=112120,
        layout=("Data_Entry_2017*.csv", "images/* or images_001/images/* to images_012/images/*"),
    ),
    Collection(
        folder="COVID-19_Radiography_Dataset",
        holds="COVID-19 (mostly Spain), normal and lung opacity (mostly NIH), viral pneumonia; no patient numbers",
        urls=("https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database",),
        licence="research use, cite the authors; differs by origin of the film",
        size="about 0.8 GB",
        published=21165,
        layout=("{COVID,Normal,Viral Pneumonia,Lung_Opacity}/images/*",),
    ),
    Collection(
        folder="siim-covid19-detection",
        holds="typical, indeterminate, atypical and negative appearance, with boxes (adults, Spain and USA)",
        urls=("https://www.kaggle.com/c/siim-covid19-detection/data",),
        licence="labels: the competition's rules, research only; films: BIMCV-COVID19 and RICORD (CC BY-NC 4.0)",
        size="above 100 GB in DICOM; copies in JPEG begin at 50 MB",
        published=6334,
        layout=(
            "{train_study_level,train_image_level}.csv",
            "train/STUDY/SERIES/*.dcm, or train/IMAGE.jpg with train_meta.csv (image_id, patient_id, width, height)",
        ),
    ),
    Collection(
        folder="unifesp-body-part",
        holds="lateral chest films, frontal ones and other parts of the body, for the gate and not for disease",
        urls=("https://www.kaggle.com/competitions/unifesp-x-ray-body-part-classifier",),
        licence="the competition's rules, research only",
        size="some GB in DICOM; copies in JPEG begin at 10 MB",
        published=1738,
        layout=(
            "train.csv (image_id, patient_id, kind: notchest, lateral or chest_frontal, parts), of a copy that has it",
            "images/IMAGE.jpg",
        ),
        frontal=False,
    ),
)


OWN = f"""FOLDER/ of your own films, PNG, JPEG or DICOM, any number of such folders
  layout:  FOLDER/{NAME}, a line a film, and the films in that folder or below it
  needed:  path (relative to FOLDER), label ({ALLOWED});
           positive and negative are of a test; beside typical, indeterminate or atypical, negative is a radiologist's
  welcome: patient (films of one patient stay in one split), view ({", ".join(VIEWS)}), age (years), sex (F, M),
           machine (any name), boxes (LEFT TOP WIDTH HEIGHT in pixels of the film, with ";" between two);
           where the table is silent the header of a DICOM film is asked"""


def state(collection: Collection, data: Path) -> tuple[bool, str]:
    """Say whether films of a collection can be used from the folder `data`, and in words what is there."""
    folder = data / collection.folder
    if not folder.is_dir():
        return False, f"missing: there is no folder {folder}"
    try:
        listing = ADAPTERS[collection.folder](folder)
    except EdgeError as error:
        return False, f"unusable: {error}"
    usable = sum(not film.rejected for film in listing.films) if collection.frontal else len(listing.films)
    what = "labelled frontal film" if collection.frontal else "film"
    if not usable:
        return False, f"unusable: {folder} holds no {what}; the layout is shown above"
    count = f"{len(listing.films)} of about {collection.published} films"
    if collection.frontal:
        count += f", {usable} of them labelled frontal films"
    if listing.not_here:
        count += f"; {listing.not_here} rows of its table have no file here"
    partial = listing.not_here or len(listing.films) < collection.published
    return True, f"{'partial' if partial else 'present'}: {count}"


def state_of_own(folder: Path) -> tuple[bool, str]:
    """Say whether all is well with a folder of people's own films, and in words what it holds."""
    try:
        listing = own_films.read(folder)
    except EdgeError as error:
        return False, f"unusable: {error}"
    usable = sum(not film.rejected for film in listing.films)
    said = f"{len(listing.films)} films, {usable} of them labelled frontal films"
    return not listing.faults, "\n           ".join([said, *listing.remarks, *listing.faults])


def describe(collection: Collection, words: str) -> str:
    """Return one collection's paragraph."""
    return "\n".join(
        (
            f"{collection.folder}/",
            f"  {collection.holds}",
            *(f"  {url}" for url in collection.urls),
            f"  licence: {collection.licence}",
            f"  size:    {collection.size}",
            *(f"  layout:  {collection.folder}/{part}" for part in collection.layout),
            f"  here:    {words}",
        )
    )


def add_parser(subparsers) -> None:
    """Add the command `data`."""
    parser = subparsers.add_parser("data", help="say where to get the films and what of them is here")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the collections, or will")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Print where each collection comes from and what of it is here; 0 if all can be used, 1 if not."""
    states = [state(collection, args.data) for collection in COLLECTIONS]
    paragraphs = [describe(collection, words) for collection, (_, words) in zip(COLLECTIONS, states, strict=True)]
    own = {path.name: state_of_own(path) for path in sources.own_folders(args.data)}
    paragraphs += [OWN, *(f"{name}/\n  here:    {words}" for name, (_, words) in own.items())]
    paragraphs += sources.passed_over(args.data)
    print("\n\n".join(paragraphs))
    return 0 if all(well for well, _ in [*states, *own.values()]) else 1
