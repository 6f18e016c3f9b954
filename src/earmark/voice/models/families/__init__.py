"""Every family of models that can be added: to add one, write its file and name it here."""

from earmark.errors import ModelInvalid
from earmark.voice.models.families import earmark, redimnet, threed_speaker, waveform, wespeaker
from earmark.voice.models.families.family import Family

FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY for module in (earmark, wespeaker, threed_speaker, redimnet, waveform)
}


def find_family(name: str) -> Family:
    """The family called `name`; raises ModelInvalid, listing what there is."""
    if name not in FAMILIES:
        raise ModelInvalid(f"There is no model family {name!r}. Known: {', '.join(FAMILIES)}.")
    return FAMILIES[name]
