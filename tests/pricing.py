"""What rates cost with a model, made up for tests of several folders."""

from earmark.voice.models.calibrations import CalibrationFile
from earmark.voice.models.catalog import ModelEntry
from earmark.voice.scoring.prices import EVIDENCE, Case, Prices, Share


def made_case(name: str, seconds: float, *missed: float) -> Case:
    """A case of which these shares are missed at the rates of `PRICES`."""
    passed = (Share(0.1, 0.08, 0.12), Share(0.01, 0.008, 0.012), Share(0.001, 0.0002, 0.002))
    return Case(name, seconds, tuple(Share(one, one / 2, (1 + one) / 2) for one in missed), passed)


LONG, SHORT = made_case("30 s", 20.5, 0.1, 0.2, 0.4, 0.6), made_case("1 s", 0.8, 0.3, 0.5, 0.7, 0.9)
PRICES = Prices(40, 3, "clean, G.711", (0.1, 0.01, 0.001, 0.0001), 3, (LONG, SHORT))


def priced_calibration(entry: ModelEntry) -> CalibrationFile:
    """What a model decides by as it is, with `PRICES` for evidence."""
    assert entry.ratios is not None
    return CalibrationFile(entry.id, entry.sha256, entry.ratios, {EVIDENCE: PRICES.to_table()})
