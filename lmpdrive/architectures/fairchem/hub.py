"""fairchem's models on the Hugging Face hub: their names and files, and how to get one."""

from __future__ import annotations

from pathlib import Path

from lmpdrive.errors import ModelError

REPOSITORIES = {
    "esen-sm-conserving-all-oc25": ("facebook/OC25", "checkpoints/esen_sm_conserve.pt"),
    "esen-sm-conserving-all-omol": ("facebook/OMol25", "checkpoints/esen_sm_conserving_all.pt"),
    "esen-sm-filtered-odac25": ("facebook/ODAC25", "checkpoints/esen_sm_odac25_filtered.pt"),
    "esen-sm-full-odac25": ("facebook/ODAC25", "checkpoints/esen_sm_odac25_full.pt"),
    "uma-s-1p2p1": ("facebook/UMA", "checkpoints/uma-s-1p2p1.pt"),
    "uma-s-1p2": ("facebook/UMA", "checkpoints/uma-s-1p2.pt"),
    "uma-s-1p1": ("facebook/UMA", "checkpoints/uma-s-1p1.pt"),
    "uma-m-1p1": ("facebook/UMA", "checkpoints/uma-m-1p1.pt"),
}
"""Name -> repository and file on huggingface.co."""
NAMES = tuple(REPOSITORIES)
DIRECT = ("esen-md-direct-all-oc25", "esen-md-direct-all-omol", "esen-sm-direct-all-omol")
UMA_TASKS = ("oc20", "oc25", "odac", "omat", "omc", "omol")
"""Those that fairchem knows; an older model has fewer."""


def tasks_of(name: str) -> tuple[str, ...]:
    """Tasks of a model on the hub, where its name says them."""
    if name.startswith("uma-"):
        return UMA_TASKS
    return (name.rsplit("-", 1)[1],) if name.endswith(("-oc25", "-omol")) else ()


def download(name: str) -> str:
    """The file of a model on the hub, from the cache if it is there.

    Raises ModelError with what to do where the hub refuses or cannot be reached.
    """
    from fairchem.core.calculate.pretrained_mlip import pretrained_checkpoint_path_from_name

    try:
        return pretrained_checkpoint_path_from_name(name)
    except Exception as error:  # the hub's client raises errors of many packages
        repository, file = REPOSITORIES[name]
        page = f"https://huggingface.co/{repository}"
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & {"GatedRepoError", "RepositoryNotFoundError", "LocalTokenNotFoundError"}:
            cure = (
                f"Access is granted per person: accept the licence on {page}, then log in on this machine (`hf auth "
                "login`, or a token with read access to gated repositories in HF_TOKEN)."
            )
        else:
            cure = (
                f"Where huggingface.co cannot be reached (many compute nodes), load the model once where it can, with "
                f"the same FAIRCHEM_CACHE_DIR; or download {file} from {page} and name the file: model: "
                f"./{Path(file).name}. The licence must be accepted there first."
            )
        first = (str(error).strip().splitlines() or [""])[0]
        raise ModelError(f"{name} could not be downloaded: {type(error).__name__}: {first}\n{cure}") from None
